"""JSON Schemas of the files that migrations read."""
