"""A Prometheus that refuses requests whole, and a clock to turn."""

from collections.abc import Callable, Sequence

import httpx

from services.ingest.splitting import Request, metrics, points

FAULTS = {
    "delta": (500, 'invalid temporality and type combination for metric "delta"'),
    "future": (400, "out of bounds: timestamp is too far in the future"),
    "twice": (400, "duplicate sample for timestamp 1; overrides not allowed: existing 1, new value 2"),
    "scale": (500, "cannot convert exponential to native histogram. Scale must be >= -4, was -5"),
    "odd": (400, "something nobody has seen"),
}
"""What is wrong with a metric of this name, in the words of Prometheus 3.15."""


class Clock:
    """Seconds."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class FakePrometheus:
    """Keeps the requests it is sent and the (service, metric, value) it stored.

    It refuses a request with a metric of FAULTS, or with one whose points have the value `bad`; `away` is the
    status of all its answers.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.stored: list[tuple[str, str, float]] = []
        self.away = 0
        self.panics_at = ""
        self.bad = -1.0

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def answer(self, sent: httpx.Request) -> httpx.Response:
        request = Request.FromString(sent.content)
        self.requests.append(request)
        if self.away:
            return httpx.Response(self.away, text="write to WAL: no space left on device")
        for metric in metrics(request):
            if metric.name == self.panics_at:
                raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
            if metric.name in FAULTS or any(point.as_double == self.bad for point in points(metric)):
                status, said = FAULTS.get(metric.name, (400, "too old sample"))
                return httpx.Response(status, text=said)
        self.stored += _samples(request)
        return httpx.Response(200)


def _samples(request: Request) -> list[tuple[str, str, float]]:
    return [
        (resource.resource.attributes[0].value.string_value, metric.name, point.as_double)
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in points(metric)
    ]


def fill(request: Request, service: str, names: Sequence[str], values: Sequence[float] = (1.0,)) -> Request:
    """Adds a service with gauges of these names, each with these values."""
    resource = request.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    scope = resource.scope_metrics.add()
    for name in names:
        gauge = scope.metrics.add(name=name).gauge
        for number, value in enumerate(values):
            point = gauge.data_points.add(as_double=value, time_unix_nano=10**15)
            point.attributes.add(key="n").value.int_value = number
    return request


Make = Callable[[], FakePrometheus]
