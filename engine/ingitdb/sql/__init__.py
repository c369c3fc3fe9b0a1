"""Users' SQL as text: tokens, version syntax, references, the fence."""
