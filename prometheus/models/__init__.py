"""Models that the package whence_monitor watches: what is recorded of them, and queries of it."""
