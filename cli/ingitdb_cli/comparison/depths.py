"""How much of a difference is shown."""

from enum import StrEnum


class Depth(StrEnum):
    """The depths, from the shallowest."""

    SUMMARY = "summary"
    RECORD = "record"
    FIELDS = "fields"
    FULL = "full"
