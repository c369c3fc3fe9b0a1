"""Differences of two commits as scripts for other systems."""
