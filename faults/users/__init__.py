"""The simulated users: who they are, what they prefer, how many requests they send."""
