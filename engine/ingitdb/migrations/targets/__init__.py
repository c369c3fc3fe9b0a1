"""The systems that scripts are made for, one module each."""
