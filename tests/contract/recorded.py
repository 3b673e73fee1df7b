"""What recorded series are made of."""

import re

from config import Config
from prometheus.recording import render_recording

RULES = [rule for group in render_recording(Config())["groups"] for rule in group["rules"]]


def with_recorded(query: str) -> str:
    """A query, and those of the rules that record the series that it asks for."""
    names = set(re.findall(r"\w+(?::\w+)+", query))
    return " ".join([query, *(rule["expr"] for rule in RULES if rule["record"] in names)])
