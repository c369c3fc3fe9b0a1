"""SQL over Git: every commit of a repository of records is a set of tables."""
