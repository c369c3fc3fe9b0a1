"""What the outer programs tell the engine; the engine itself looks nothing up."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Limits and places, decided by whoever starts the engine.

    Attributes:
        cache: The folder under which each repository has a cache folder.
        cache_limit: Bytes that the cache folder may take before old files go.
        max_rows: Rows that a result may have; None for no limit.
        timeout: Seconds that a statement may run; None for no limit.
        memory_limit: Bytes that DuckDB may use; None leaves DuckDB's default.
        threads: Threads that DuckDB may use; None leaves DuckDB's default.
        workers: Processes that parse files; None means as many as there are cores.
        strict: Whether an unreadable file is an error instead of a warning.
        refresh: Whether cached snapshots are made anew.
        time_zone: The session time zone for TIMESTAMPTZ display and arithmetic.
        author: Who makes changes, as `Name <address>`; None leaves it to git.
    """

    cache: Path
    cache_limit: int = 10 * 1024**3
    max_rows: int | None = None
    timeout: float | None = None
    memory_limit: int | None = None
    threads: int | None = None
    workers: int | None = None
    strict: bool = False
    refresh: bool = False
    time_zone: str = "UTC"
    author: str | None = None
