"""How the difference of two commits is shown: as text, JSON, HTML, rows of a table."""
