"""The published JSON Schemas of the configuration files."""
