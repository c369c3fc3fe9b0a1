"""A tree becomes tables: definitions, data packages, discovery, and our own tables.yaml."""
