"""What can be broken, how, and what is then true."""
