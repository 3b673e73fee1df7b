"""What is read of the recommender."""
