"""Rules over records; nothing yet."""
