"""Alerts come in, become incidents and are kept."""
