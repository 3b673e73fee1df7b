"""Releases on simulated users: what the controller's rules do, beside two others."""
