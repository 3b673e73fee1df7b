"""Measurements anyone can repeat: each prints what it did and what came out."""
