"""What storage answers, and how long that takes."""
