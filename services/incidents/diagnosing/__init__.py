"""When an incident is diagnosed, and by what."""
