"""What was right: labels that find their prediction, and whether errors become larger."""
