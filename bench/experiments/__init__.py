"""Simulated experiments: how often chance is taken for a difference, and a difference is found, and when."""
