"""Which model version serves whom: gate, roll-outs, releases, retraining, and where versions come from."""
