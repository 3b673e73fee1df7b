"""What can be wrong with the rows and the life that the examples see."""
