"""Three-way merge of records; nothing yet."""
