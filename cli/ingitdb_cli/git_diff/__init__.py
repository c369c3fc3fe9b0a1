"""What makes Git's own commands speak of records: diff drivers, attributes, the text conversion."""
