"""Parts of the distributed stack are killed under load: what is lost, and when it is back (docs/scale.md)."""
