"""What the evidence says, signal by signal: aligned series, derived signals, changes."""
