"""How requests reach Prometheus: in one, and what it refuses in ever smaller parts, down to bad points.

A metric of a service that was refused is sent apart for a while, so that the rest still goes in one request.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Collection

import structlog

from services.ingest.reasons import Reason
from services.ingest.senders import identify
from services.ingest.splitting import Request, count_points, halve, metrics, move_out, points
from services.ingest.tally import Tally
from services.ingest.upstream import Away, Refused, Upstream

log = structlog.get_logger(__name__)

SUSPICION = 60.0
"""Seconds for which a refused metric is sent apart."""
SUSPECTS = 8192
"""Metrics that are sent apart at most; a batch of the collector has 4,096 points."""

TRIES = 32
"""Requests for one service's metrics, each time; what is left after that is dropped."""
TRIES_IN_ALL = 512


class Delivery:
    """Sends what the collector sent."""

    def __init__(self, upstream: Upstream, clock: Callable[[], float]) -> None:
        self._upstream = upstream
        self._suspects = _Suspects(clock)

    async def deliver(self, request: Request, tally: Tally) -> None:
        """Counts what is stored and what Prometheus did not take. Raises Away; all may be sent again then."""
        round_ = _Round(self._upstream, self._suspects, tally)
        apart = self._suspects.take_out(request)
        if any(True for _ in metrics(request)):
            await round_.send(_sorted(request))
        round_.may_drop = True
        for part in apart:
            await round_.send(part)


class _Round:
    """One delivery and its tries."""

    def __init__(self, upstream: Upstream, suspects: "_Suspects", tally: Tally) -> None:
        self._upstream = upstream
        self._suspects = suspects
        self._tally = tally
        self._tries: Counter[str] = Counter()
        self.may_drop = False
        """Whether what is sent now was refused before: without tries left it is dropped, not sent again."""

    async def send(self, part: Request) -> None:
        """Stores of a part what can be stored."""
        services = {identify(resource.resource).name for resource in part.resource_metrics}
        service = services.pop() if len(services) == 1 else ""
        exhausted = self._tries.total() >= TRIES_IN_ALL
        if service and (self._tries[service] >= TRIES or (exhausted and self.may_drop)):
            return self._drop(service, part)
        if exhausted:
            raise Away("too many bad senders at once: those that were found are sent apart from now on")
        self._tries[service] += 1
        try:
            await self._upstream.send(part)
        except Refused as refused:
            await self._divide(service, part, refused)
        else:
            self._tally.stored += count_points(part)

    async def _divide(self, service: str, part: Request, refused: Refused) -> None:
        halves = halve(part)
        if halves:
            for half in halves:
                await self.send(half)
            return
        name = next((metric.name for metric in metrics(part)), "")
        if self._suspects.add(service, name, refused.reason):
            log.warning("refused", sender=service, metric=name, reason=refused.reason, said=str(refused))
        self._tally.of(service).refused[refused.reason] += count_points(part)

    def _drop(self, service: str, part: Request) -> None:
        """The rest of what a service sent, for the reason of what it was refused before."""
        for metric in metrics(part):
            reason = self._suspects.reason(service, metric.name)
            self._suspects.add(service, metric.name, reason)
            self._tally.of(service).refused[reason] += len(points(metric))


class _Suspects:
    """Metrics that were refused lately, by service."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], tuple[float, Reason]] = OrderedDict()

    def add(self, service: str, metric: str, reason: Reason) -> bool:
        """Whether it was none before."""
        new = (service, metric) not in self._known
        self._known[service, metric] = self._clock() + SUSPICION, reason
        self._known.move_to_end((service, metric))
        if len(self._known) > SUSPECTS:
            self._known.popitem(last=False)
        return new

    def reason(self, service: str, metric: str) -> Reason:
        """Why a metric was refused, else the service's last reason."""
        if (service, metric) in self._known:
            return self._known[service, metric][1]
        others = (why for (other, _), (_, why) in reversed(self._known.items()) if other == service)
        return next(others, Reason.INVALID)

    def take_out(self, request: Request) -> Collection[Request]:
        """Takes the suspects out of a request; the points of each metric of a service stay together."""
        self._forget()
        if not self._known:
            return ()
        by_service: dict[str, set[str]] = {}
        for service, metric in self._known:
            by_service.setdefault(service, set()).add(metric)
        apart: dict[tuple[str, str], Request] = {}
        for resource in request.resource_metrics:
            service = identify(resource.resource).name
            for metric, taken in move_out(resource, by_service.get(service, ())):
                apart.setdefault((service, metric), Request()).resource_metrics.append(taken)
        return apart.values()

    def _forget(self) -> None:
        now = self._clock()
        while self._known and next(iter(self._known.values()))[0] < now:
            self._known.popitem(last=False)


def _sorted(request: Request) -> Request:
    """The resources of a service side by side: a part of one service has tries of its own."""
    return Request(
        resource_metrics=sorted(request.resource_metrics, key=lambda each: identify(each.resource).name)
    )
