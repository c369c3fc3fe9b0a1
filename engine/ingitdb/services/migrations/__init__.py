"""What leads other systems from one commit to another: read from commits, compared, applied."""
