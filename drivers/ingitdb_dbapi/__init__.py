"""PEP 249 over the wire; nothing yet."""
