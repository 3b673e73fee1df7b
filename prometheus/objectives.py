"""The limits that dashboards draw and alerts watch."""

STORAGE_DEADLINE = 0.25
"""Seconds the recommender waits for a user's features before it answers without them."""

STORAGE_DEADLINE_MISSES = 0.05
"""Share of storage operations beyond the deadline from which users feel it."""

STORAGE_AVERAGE_LIMIT_MS = 300.0
"""Average storage latency over five minutes, in milliseconds, that nobody may sleep through."""

MODEL_HIT_RATE_KEPT = 0.7
"""Share of its own hit rate of the past hour below which the live model is suspect."""
