"""Panels of the recommender: its quality, versions, features and storage."""
