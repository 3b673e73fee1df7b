"""Incidents of more than one trouble, of hours, and during the start, on live stacks (docs/benchmark.md)."""
