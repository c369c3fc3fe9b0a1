"""Rules over records, over the names of things and over the declarations themselves."""
