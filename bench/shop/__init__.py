"""How often the verdict on others' services is right: the faults of examples/shop, on live stacks."""
