"""Releases: a version becomes live step by step, or is rolled back, by what is known at each look."""
