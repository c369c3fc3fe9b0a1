"""States of records in Parquet: the index of a history, overlays, the manifest."""
