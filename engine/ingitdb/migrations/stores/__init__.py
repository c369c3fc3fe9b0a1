"""Key-value systems that commits are brought to, one module each; all of it without a network."""
