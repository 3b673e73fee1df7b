"""The recommender of the demo: what is wrong with its storage, machine, load, model, data or telemetry."""
