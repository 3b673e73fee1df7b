"""Panels of models that `monitor/` watches."""
