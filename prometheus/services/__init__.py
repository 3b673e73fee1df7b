"""Services of any kind: what they serve, whom they call, what they take, and what is usual for them."""
