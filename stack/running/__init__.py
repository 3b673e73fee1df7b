"""How the stack runs, as plain processes or in containers: which of the two, its start, its state and end."""
