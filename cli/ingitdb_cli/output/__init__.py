"""How results leave the program: formats, the terminal table, the pager, files."""
