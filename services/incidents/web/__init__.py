"""What the inbox shows: pages for people, JSON and metrics for programs."""
