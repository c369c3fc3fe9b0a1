"""The one place where DuckDB answers: sessions, bound statements, streams, limits."""
