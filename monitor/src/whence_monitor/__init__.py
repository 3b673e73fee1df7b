"""Watches a model in production: quality, drift and bad input as ordinary OpenTelemetry metrics."""

from whence_monitor.inputs.tables import read_table
from whence_monitor.monitor import Monitor
from whence_monitor.profile import PROFILE, make_reference
from whence_monitor.reference import INPUTS, PREDICTION, TRUTH, InvalidReference, Reference

__all__ = [
    "INPUTS",
    "PREDICTION",
    "PROFILE",
    "TRUTH",
    "InvalidReference",
    "Monitor",
    "Reference",
    "make_reference",
    "read_table",
]
