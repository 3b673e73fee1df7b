"""What the workers of one recommender share: a folder, with the store of answers in it."""
