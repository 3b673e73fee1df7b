"""A pack of causes for watched models: what moved in their inputs, outputs, labels and quality, and why."""
