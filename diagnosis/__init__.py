"""From telemetry to a verdict: what broke, whence it came, and the evidence for it.

Pure functions on `Evidence`; only `sources.live` asks Prometheus and Jaeger. It sees what an operator sees.
"""

from diagnosis.packs.recommender.engine import diagnose
from diagnosis.packs.recommender.queries import QUERIES
from diagnosis.sources.evidence import Evidence, Limits
from diagnosis.verdict.verdict import Verdict

__all__ = ["QUERIES", "Evidence", "Limits", "Verdict", "diagnose"]
