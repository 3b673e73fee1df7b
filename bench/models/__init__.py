"""How often the verdict on watched models is right: the faults of examples/models, on live stacks."""
