"""A small shop with stock OpenTelemetry and nothing of Whence: a second system to watch and to break."""
