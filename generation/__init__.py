"""Everything that is generated, made from the sources and `whence.yaml` in one go: all of it, or nothing."""
