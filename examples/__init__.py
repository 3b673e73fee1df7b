"""Services to learn from; nothing of Whence depends on them."""
