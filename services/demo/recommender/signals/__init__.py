"""Is the model still right about its users: quality by late labels, drift, and what the lists are like."""
