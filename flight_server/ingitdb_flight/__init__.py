"""Arrow Flight SQL; nothing yet."""
