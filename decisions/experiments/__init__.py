"""Experiments: who sees which variant, and what can be said of the difference at any time."""
