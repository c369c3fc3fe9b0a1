"""Editors: they change the text of files and leave all else as it stands."""
