"""Two services with models of their own: what they have in common, and how they are broken."""
