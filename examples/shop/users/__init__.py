"""The people in front of the shop: what they do, and what they saw."""
