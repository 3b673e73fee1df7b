"""What Prometheus refuses is found, dropped and remembered; all else is stored."""

import asyncio

import pytest

from services.ingest.delivery import SUSPICION, TRIES, Delivery
from services.ingest.reasons import Reason
from services.ingest.splitting import Request, halve
from services.ingest.tally import Tally
from services.ingest.upstream import Away, Upstream
from tests.unit.services.ingest.support import FAULTS, Clock, FakePrometheus, fill


class Bench:
    """A delivery to a Prometheus of the test's own."""

    def __init__(self) -> None:
        self.prometheus = FakePrometheus()
        self.outcomes: list[str] = []
        self.clock = Clock()
        self.upstream = Upstream("http://p", self.outcomes.append, self.prometheus.transport)
        self.delivery = Delivery(self.upstream, self.clock)

    def deliver(self, request: Request) -> Tally:
        tally = Tally()
        asyncio.run(self.delivery.deliver(request, tally))
        return tally


@pytest.fixture
def bench() -> Bench:
    return Bench()


def twenty(bad: str = "", names: tuple[str, ...] = ("a", "b", "c")) -> Request:
    """Twenty services, one of them with a metric more."""
    request = Request()
    for number in range(20):
        fill(request, f"service-{number}", [*names, bad] if bad and number == 7 else names)
    return request


def test_twenty_good_services_are_one_request(bench: Bench) -> None:
    assert bench.deliver(twenty()).stored == 60
    assert bench.outcomes == ["stored"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("delta", Reason.TEMPORALITY),
        ("future", Reason.FUTURE),
        ("twice", Reason.DUPLICATE),
        ("scale", Reason.HISTOGRAM),
        ("odd", Reason.INVALID),
    ],
)
def test_one_bad_metric_costs_nothing_else_and_is_named(bench: Bench, bad: str, reason: Reason) -> None:
    tally = bench.deliver(twenty(bad))
    assert len(set(bench.prometheus.stored) - {("ingest", "ingest.probe", 0.0)}) == 60
    assert {name: dict(found.refused) for name, found in tally.services.items()} == {"service-7": {reason: 1}}


def test_a_bad_point_leaves_the_other_points_of_its_metric(bench: Bench) -> None:
    tally = bench.deliver(fill(Request(), "shop", ["m"], [1, 2, -1, 4, 5]))
    assert [value for _, _, value in bench.prometheus.stored] == [1, 2, 4, 5]
    assert tally.of("shop").refused == {Reason.TOO_OLD: 1}


def test_a_metric_that_was_refused_goes_apart_for_a_while(bench: Bench) -> None:
    bench.deliver(twenty("future"))
    bench.outcomes.clear()
    bench.deliver(twenty("future"))
    assert bench.outcomes == ["stored", "refused"]
    bench.clock.now += SUSPICION + 1
    bench.outcomes.clear()
    bench.deliver(twenty())
    assert bench.outcomes == ["stored"]


def test_a_hopeless_service_has_so_many_tries_and_no_more(bench: Bench) -> None:
    request = fill(Request(), "hopeless", ["future"], range(500))
    fill(request, "innocent", ["m"])
    tally = bench.deliver(request)
    assert bench.outcomes.count("refused") <= TRIES + 2
    assert tally.of("hopeless").refused[Reason.FUTURE] == 500
    assert bench.prometheus.stored == [("innocent", "m", 1.0)]


def test_a_full_disk_is_nobodys_fault(bench: Bench) -> None:
    bench.prometheus.away = 500
    with pytest.raises(Away, match="no space left"):
        bench.deliver(twenty())
    assert len(bench.prometheus.requests) == 2


@pytest.mark.parametrize("status", [404, 429, 502, 503])
def test_a_prometheus_that_takes_nothing_costs_nothing(bench: Bench, status: int) -> None:
    bench.prometheus.away = status
    with pytest.raises(Away):
        bench.deliver(twenty("delta"))
    assert bench.outcomes == ["unavailable"]


def test_what_makes_prometheus_panic_is_found(bench: Bench) -> None:
    bench.prometheus.panics_at = "killer"
    tally = bench.deliver(twenty("killer"))
    assert tally.services["service-7"].refused == {Reason.INVALID: 1}
    assert tally.stored == 60


def test_many_bad_services_at_once_are_all_found_in_the_end(bench: Bench) -> None:
    """Too many for one delivery: the collector sends it again, and nothing good is dropped."""
    kinds = list(FAULTS)
    request = Request()
    for number in range(600):
        fill(request, f"bad-{number:03}", [kinds[number % len(kinds)]])
        fill(request, f"good-{number:03}", ["m"])
    for _ in range(20):
        try:
            bench.deliver(Request.FromString(request.SerializeToString()))
            break
        except Away:
            continue
    else:
        pytest.fail("it never ends")
    stored = {service for service, _, _ in bench.prometheus.stored} - {"ingest"}
    assert stored == {f"good-{number:03}" for number in range(600)}


def test_halves_together_are_the_whole() -> None:
    request = fill(fill(Request(), "a", ["x", "y", "z"], [1, 2, 3]), "b", ["x"], [1, 2])
    parts, whole = [request], []
    while parts:
        part = parts.pop()
        halves = halve(part)
        if halves:
            parts += reversed(halves)
        else:
            whole.append(part)
    stored = FakePrometheus()
    for part in whole:
        stored.answer(_Sent(part))  # type: ignore[arg-type]
    expected = [("a", name, value) for name in "xyz" for value in (1, 2, 3)]
    assert stored.stored == [*expected, ("b", "x", 1), ("b", "x", 2)]


class _Sent:
    def __init__(self, request: Request) -> None:
        self.content = request.SerializeToString()
