"""Retrain or not, on recorded incidents; and what a retraining brings, with simulated users."""
