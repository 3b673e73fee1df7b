"""The series and traces that a small world leaves: labels after 15 s, metrics every 5 s."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from diagnosis import Evidence
from diagnosis.sources.evidence import Labelled, Span, Trace, pack
from telemetry import attributes as a
from telemetry import spans
from tests.unit.diagnosis.packs.recommender.requests import START, Array, Requests

if TYPE_CHECKING:
    from tests.unit.diagnosis.packs.recommender.world import World

STEP, WINDOW, LABEL_DELAY = 5.0, 20.0, 15.0

ENDS = {
    "": {"outcome": "ok"},
    "away": {"outcome": "error", "error_type": "unreachable"},
    "broken": {"outcome": "error", "error_type": "connection_broken"},
    "throttled": {"outcome": "error", "error_type": "throttled"},
    "denied": {"outcome": "error", "error_type": "credentials"},
    "skewed": {"outcome": "error", "error_type": "clock_skew"},
    "misplaced": {"outcome": "error", "error_type": "wrong_region"},
    "bucketless": {"outcome": "error", "error_type": "missing"},
    "timeout": {"outcome": "timeout", "error_type": "hard_limit"},
}
"""How reads end, and the labels that say so."""


class Telemetry:
    """The series and traces that a world's requests leave."""

    def __init__(self, world: "World", requests: Requests, rng: np.random.Generator) -> None:
        self._world, self._r, self._rng = world, requests, rng
        self.times = START + STEP * np.arange(int((world.before + world.after) / STEP) + 1)
        self._series: dict[str, list[Labelled]] = {}

    def evidence(self) -> Evidence:
        self._counters()
        self._durations()
        self._machine()
        return Evidence(
            start=START,
            end=float(self.times[-1]),
            step=STEP,
            series=self._series,
            traces=self._traces() if self._world.traced else [],
            prometheus_url="http://prometheus",
            jaeger_url="http://jaeger",
        )

    def _put(self, query: str, values: Array, **labels: str) -> None:
        hidden = self._world.hide(query, self.times) | ~np.isfinite(values)
        points = pack(np.column_stack([self.times, values])[~hidden])
        self._series.setdefault(query, []).append(Labelled(labels=labels, values=points))

    def _count(self, query: str, at: Array, weights: Array | None = None, **labels: str) -> None:
        """A cumulative counter, in series from its first increment on."""
        counts, _ = np.histogram(at, [-np.inf, *self.times], weights=weights)
        values = np.cumsum(counts).astype(np.float64)
        for moment in self._world.restarts:
            since = self.times >= moment
            values[since] -= values[since][0] if since.any() else 0.0
        self._put(query, np.where(values > 0, values, np.nan), **labels)

    def _counters(self) -> None:
        r = self._r
        for key in np.unique(np.char.add(np.char.add(r.segment, "|"), np.char.add(r.version, "|" + ""))):
            segment, version, _ = str(key).split("|")
            of = (r.segment == segment) & (r.version == version)
            for source in np.unique(r.source[of]):
                cell = of & (r.source == source)
                labels = {"segment": segment, "model_version": version, "source": str(source)}
                self._count("labelled", r.t[cell] + LABEL_DELAY, None, **labels)
                self._count("hits", r.t[cell] + LABEL_DELAY, r.hit[cell], **labels)
                self._count("impressions", r.t[cell], np.full(cell.sum(), 10.0), **labels)
                delays = self._rng.uniform(1, 5, cell.sum())
                self._count("clicks", r.t[cell] + delays, r.hit[cell] * 1.4, **labels)
                for reason in np.unique(r.reason[cell]):
                    self._count(
                        "answers", r.t[cell & (r.reason == reason)], None, reason=str(reason), **labels
                    )
        if r.violations.any():
            self._count("violations", r.t, r.violations, kind="unknown_item", feature="seen")

    def _durations(self) -> None:
        r = self._r
        asked = (r.reason != "unknown_user") & (r.reason != "storage_busy")
        ended = r.t + r.read + r.transfer
        good = asked & (r.fails == "")
        for status in np.unique(r.status):
            self._put("requests", self._rates(r.t[r.status == status]), http_response_status_code=str(status))
        fed = r.t[(r.hit > 0)] + 3
        self._put("feedback", self._rates(fed), http_response_status_code="202")
        self._quantiles("latency", r.t, r.latency)
        self._put("slow", self._means(r.t, (r.latency > 0.3).astype(np.float64)))
        waited = r.latency - r.compute - r.lag - 0.002
        stages = {
            "load_features": waited,
            "score": r.compute * 0.6,
            "rank": r.compute * 0.4,
            "total": r.latency,
        }
        for stage, values in stages.items():
            self._quantiles("stage", r.t, values, stage=stage)
        self._quantiles("storage", ended[good], (r.read + r.transfer)[good])
        self._quantiles("first_byte", ended[good], r.read[good])
        self._put("storage_mean_ms", 1000 * self._means(ended[good], (r.read + r.transfer)[good]))
        self._put("first_byte_mean_ms", 1000 * self._means(ended[good], r.read[good]))
        for end, labels in ENDS.items():
            of = asked & (r.fails == end)
            if of.any():
                self._count("storage_outcomes", ended[of], None, **labels)
        bad = asked & (r.fails != "")
        self._quantiles("failed", ended[bad], r.read[bad])
        held = r.read + r.transfer
        active = np.array(
            [((r.t <= t) & (r.t + held > t) & asked).sum() for t in self.times], dtype=np.float64
        )
        self._put("storage_active", np.minimum(active, 32))
        self._put("storage_limit", np.full(len(self.times), 32.0))
        fresh = good & (r.reason != "features_missing")
        self._quantiles("feature_age", r.t[fresh], r.age[fresh])

    def _machine(self) -> None:
        r, count = self._r, len(self.times)
        self._quantiles("loop", r.t, r.lag + r.stall)
        self._put("loop_looks", np.full(count, 4.0))
        host = self._world.host(self.times) + self._rng.normal(0, 0.04, count)
        self._put("host_cpu", np.clip(host, 0.02, 1.0))
        rates = self._rates(r.t)
        self._put("process_cpu", 0.05 + 0.006 * rates, service_name="recommender")
        gauges: dict[str, tuple[float, Mapping[str, str]]] = {
            "up": (1.0, {"component": "collector"}),
            "popularity": (0.85, {"source": "personalised", "model_version": "als16-a"}),
            "feature_drift": (0.02, {"feature": "segment_mix", "statistic": "psi", "segment": "all"}),
        }
        for name, (value, labels) in gauges.items():
            shape = self._world.gauges.get(name, lambda t, v=value: np.full_like(t, v))
            noise = 0.0 if name == "up" else 0.004
            self._put(name, shape(self.times) + self._rng.normal(0, noise, count), **labels)

    def _windows(self, at: Array) -> Any:
        order = np.argsort(at, kind="stable")
        ordered = at[order]
        lows = np.searchsorted(ordered, self.times - WINDOW)
        highs = np.searchsorted(ordered, self.times)
        return order, lows, highs

    def _rates(self, at: Array) -> Array:
        _, lows, highs = self._windows(at)
        return np.asarray((highs - lows) / WINDOW)

    def _means(self, at: Array, values: Array) -> Array:
        order, lows, highs = self._windows(at)
        summed = np.concatenate([[0.0], np.cumsum(values[order])])
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((summed[highs] - summed[lows]) / (highs - lows))

    def _quantiles(self, name: str, at: Array, values: Array, **labels: str) -> None:
        order, lows, highs = self._windows(at)
        ordered = values[order]
        found = np.full((2, len(self.times)), np.nan)
        for place, (low, high) in enumerate(zip(lows, highs, strict=True)):
            if high > low:
                found[:, place] = np.quantile(ordered[low:high], [0.5, 0.95])
        for quantile, row in zip(("p50", "p95"), found, strict=True):
            self._put(f"{name}_{quantile}", row, **labels)

    def _traces(self) -> list[Trace]:
        r = self._r
        edges = np.linspace(START, self.times[-1], 11)
        slices = zip(edges, edges[1:], strict=False)
        places = [np.flatnonzero((r.t > low) & (r.t <= high))[-8:] for low, high in slices]
        return [self._trace(int(place)) for group in places for place in group]

    def _trace(self, n: int) -> Trace:
        r = self._r
        total, compute = 1000 * float(r.latency[n]), 1000 * float(r.compute[n])
        waited = max(0.0, total - compute - 1000 * float(r.lag[n]) - 2)
        read = 1000 * float(r.read[n] + r.transfer[n])
        said: dict[str, str | float | bool] = {
            a.RECOMMENDATION_REASON: str(r.reason[n]),
            a.RECOMMENDATION_SOURCE: str(r.source[n]),
            a.MODEL_VERSION: str(r.version[n]),
            a.USER_SEGMENT: str(r.segment[n]),
        }
        tree = [
            Span(name=spans.SERVER.name, duration_ms=total),
            Span(name=spans.PIPELINE.name, parent=0, start_ms=0.5, duration_ms=total - 1, attributes=said),
            Span(name=spans.LOAD_FEATURES.name, parent=1, start_ms=0.6, duration_ms=waited),
            Span(name=spans.S3_GET_OBJECT.name, parent=2, start_ms=0.6, duration_ms=read),
            Span(name=spans.SCORE.name, parent=1, start_ms=0.7 + waited, duration_ms=0.6 * compute),
            Span(
                name=spans.RANK.name,
                parent=1,
                start_ms=0.7 + waited + 0.6 * compute,
                duration_ms=0.4 * compute,
            ),
        ]
        return Trace(trace_id=f"{n:032x}", started_at=float(r.t[n]), duration_ms=total, spans=tree)
