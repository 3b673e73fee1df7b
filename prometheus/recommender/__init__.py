"""The recommender's versions: their quality against its past, drift, costs, and side by side."""
