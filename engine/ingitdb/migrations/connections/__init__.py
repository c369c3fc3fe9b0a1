"""Connections to the systems that migrations lead; one module a way to connect."""
