"""SQLAlchemy dialect; nothing yet."""
