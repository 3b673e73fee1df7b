"""From telemetry to a verdict: what broke, whence it came, and the evidence for it.

Pure functions on `Evidence`; only `collection` asks Prometheus and Jaeger. It sees what an operator sees.
"""

from diagnosis.engine import diagnose
from diagnosis.sources.evidence import Evidence
from diagnosis.verdict.verdict import Verdict

__all__ = ["Evidence", "Verdict", "diagnose"]
