"""The JSON Schema of the users file."""
