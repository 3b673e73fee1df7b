"""The recommender: answers a request with the k best items for a user, whatever state storage is in."""
