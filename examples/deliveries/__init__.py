"""A service that is not a recommender: it says how many minutes a delivery takes. See examples/models."""
