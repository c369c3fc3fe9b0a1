"""Change sets to text to commits; nothing yet."""
