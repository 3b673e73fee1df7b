"""A service that is not a recommender: it says how likely a payment is fraud. See docs/adapt.md."""
