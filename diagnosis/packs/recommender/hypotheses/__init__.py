"""What may be the cause, what each cause predicts, and how well it fits."""
