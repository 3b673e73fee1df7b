"""The demo: a recommender, what feeds it, and the simulated users who ask it."""
