"""Versions of the model that are worse than they should be."""
