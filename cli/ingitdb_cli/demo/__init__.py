"""Northlight Ferries: a generated repository with a story."""
