"""Retrain or not: what a verdict says of it, what would come back, and what came."""
