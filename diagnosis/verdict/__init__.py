"""The answer: its form, how it is put together, and its words."""
