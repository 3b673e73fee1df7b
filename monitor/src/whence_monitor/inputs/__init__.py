"""What a service tells, as it comes: one by one, in columns, in files, with times."""
