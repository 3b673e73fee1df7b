"""What a model version was made of and what became of it, as OpenLineage events, and back from their file."""
