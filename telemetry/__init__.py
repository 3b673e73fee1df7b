"""The one registry of what Whence emits: instruments, spans, attributes. Pure data."""
