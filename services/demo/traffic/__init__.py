"""Simulated users with a ground truth: they ask for recommendations and react to what they are shown."""
