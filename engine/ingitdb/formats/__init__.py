"""Reads files: bytes become documents of plain values with the lines where they stand."""
