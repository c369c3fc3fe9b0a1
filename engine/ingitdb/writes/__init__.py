"""Changes of records to new texts of the files in which they lie."""
