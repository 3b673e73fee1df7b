"""R22 on live stacks: how a release is driven and disturbed, what is kept of it, and what other rules say."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.live_cases import Case
from bench.releases import live, live_run
from bench.releases.live_case import KINDS, Counted, Decided, Minute, ReleaseRun
from bench.releases.live_counts import read_minutes, read_reach
from bench.releases.live_rules import by_peeking, by_thresholds
from bench.releases.live_run import MENDED_AFTER, run_case
from bench.releases.live_tables import tabulate
from config.releases import Release
from decisions.audit import Change, Trail
from decisions.releases.files import Files
from decisions.releases.plan import limit, plan
from decisions.releases.state import Phase, begin
from prometheus.client import TimeSeries
from stack import StackError
from tests.unit.bench.live import Scripted, refuse

LIVE, NEW = "als32-live", "als32-new"
SHADOW, ONE, FIVE, QUARTER = range(4)


class Stack(Scripted):
    """A release whose state is what the test says, and counters that grow."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        monkeypatch.setattr(live_run, "command", self.command)
        self.files = Files(folder / "decisions")
        self.does[f"stack release {NEW}"] = self.begin
        self.script: dict[float, Callable[[], None]] = {}
        self.what: Any = "release.advanced"
        self.after: Any = {LIVE: 99.0, NEW: 1.0}
        self.counts_nothing = False

    def begin(self) -> None:
        self.state = begin(
            NEW, LIVE, plan(Release(), 0.1), limit(Release()), frozenset(), self.now
        ).model_copy(update={"phase": Phase.WATCHING})
        self.files.state.write(self.state)
        self.at |= {self.now - self.began + seconds: change for seconds, change in self.script.items()}
        Trail(self.data / "decisions" / "audit.jsonl").append(
            Change(who="x", what=self.what, subject=NEW, why="It answered.", after=self.after)
        )

    def become(self, seconds: float, phase: Phase, place: int) -> None:
        """So long after the release began."""

        def change() -> None:
            self.state = self.state.model_copy(update={"phase": phase, "place": place, "since": self.now})
            self.files.state.write(self.state)

        self.script[seconds] = change

    def query_range(self, promql: str, start: float, end: float, step: float) -> list[TimeSeries]:
        if self.counts_nothing:
            return []
        times = np.arange(start, end + 1, step)
        if "experiment_users" in promql:
            seen = {LIVE: np.minimum(10 * (times - start), 470), NEW: np.where(times < start + 60, 1, 30)}
            seen[NEW][-1] = seen[LIVE][-1] = 0
            return [series(times, seen[version], version) for version in (LIVE, NEW)]
        if "quantile" in promql:
            return [series(times[1:], times[1:] * 0 + 0.08, LIVE)]
        growth = {"request": 10, "failed": 1, "labelled": 10, "hit": 6}
        return [
            series(times, (times - start) * each * (1 if version == LIVE else 0.1), version, event)
            for version in (LIVE, NEW)
            for event, each in growth.items()
        ]


def series(times: Any, values: Any, version: str, event: str = "") -> TimeSeries:
    labels = {"model_version": version} | ({"event": event} if event else {})
    return TimeSeries(labels, np.stack([times.astype(float), values.astype(float)], axis=1))


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    return Stack(tmp_path / "stack", monkeypatch)


def run(stack: Stack, name: str) -> ReleaseRun:
    return run_case(Case(name=name, round=1), stack, lambda _: None)  # type: ignore[arg-type]


def test_r22_a_worse_version_is_let_through_and_watched_until_it_is_rolled_back(stack: Stack) -> None:
    stack.become(40, Phase.WATCHING, FIVE)
    stack.become(100, Phase.ROLLED_BACK, FIVE)
    found = run(stack, "worse")
    assert stack.commands[0] == "bench.releases.versions worse"
    assert stack.commands[1].startswith(f"stack release {NEW} --override bench: ")
    assert len(stack.commands) == 2, "nothing is broken, and a release that is over needs no rollback"
    assert (found.version, found.live, found.phase) == (NEW, LIVE, Phase.ROLLED_BACK)
    assert found.seconds == 100 and found.right
    assert found.decisions[0].what == "release.advanced" and found.decisions[0].share == 0.01
    assert [minute.live.requests for minute in found.minutes] == [600] * len(found.minutes)
    assert len(found.minutes) == 3, "labels of the last answers come later"


def test_r22_slow_storage_begins_in_the_middle_and_is_mended_a_minute_after_the_pause(stack: Stack) -> None:
    stack.become(40, Phase.WATCHING, FIVE)
    stack.become(130, Phase.PAUSED, QUARTER)
    stack.become(260, Phase.WATCHING, QUARTER)
    stack.become(400, Phase.LIVE, QUARTER)
    found = run(stack, "better-storage-latency")
    assert stack.commands[1:] == [
        f"stack release {NEW}",
        "faults break storage-latency high --for 900",
        "faults mend",
    ]
    assert found.injected_at and found.mended_at
    assert 40 <= found.injected_at - found.begun <= 62
    assert 190 <= found.mended_at - found.begun <= 192
    assert (found.phase, found.reach) == (Phase.LIVE, 1.0)


def test_r22_under_a_worse_version_storage_stays_slow(stack: Stack) -> None:
    stack.become(5, Phase.WATCHING, ONE)
    stack.become(60, Phase.PAUSED, ONE)
    stack.become(600, Phase.ROLLED_BACK, ONE)
    found = run(stack, "worse-storage-latency")
    assert found.injected_at and found.mended_at and found.right
    assert found.mended_at - found.injected_at == pytest.approx(MENDED_AFTER, abs=2)


def test_a_release_that_asks_or_does_not_end_is_rolled_back_and_kept_as_that(stack: Stack) -> None:
    stack.become(100, Phase.HELD, FIVE)
    found = run(stack, "better")
    assert stack.commands[-1] == "stack rollback" and not stack.running[f"stack release {NEW}"]
    assert found.phase is Phase.HELD and not found.right and found.seconds == 100


def test_a_release_is_bounded(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_run, "LONGEST", 200.0)
    found = run(stack, "better")
    assert stack.commands[-1] == "stack rollback"
    assert found.seconds == pytest.approx(200, abs=2) and not found.right


def test_a_busy_machine_says_nothing_of_releases(stack: Stack) -> None:
    stack.p95 = 200.0
    with pytest.raises(StackError, match="the machine is busy"):
        run(stack, "worse")
    assert not [told for told in stack.commands if told.startswith("stack release")]


def test_a_run_without_a_release_or_without_its_fault_does_not_count(stack: Stack) -> None:
    stack.does = {"stack release": lambda: stack.running.update({f"stack release {NEW}": False})}
    with pytest.raises(StackError, match="no release began: whence: refused"):
        run(stack, "better")
    stack.does = {"stack release": stack.begin}
    stack.become(0, Phase.ROLLED_BACK, ONE)
    with pytest.raises(StackError, match="it was rolled back before the fault"):
        run(stack, "worse-storage-latency")
    stack.does = {"bench": refuse}
    with pytest.raises(StackError):
        run(stack, "better")


def test_a_release_that_never_comes_to_its_fault_is_kept(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_run, "LONGEST", 300.0)
    stack.become(5, Phase.PAUSED, ONE)
    found = run(stack, "better-storage-latency")
    assert (found.phase, found.injected_at, found.right) == (Phase.PAUSED, None, False)


def test_a_release_that_no_user_saw_is_kept(stack: Stack) -> None:
    stack.what, stack.after, stack.counts_nothing = "release.begun", {LIVE: 100.0}, True
    stack.become(60, Phase.HELD, SHADOW)
    found = run(stack, "better")
    assert (found.phase, found.reach, found.minutes) == (Phase.HELD, 0.0, ())
    assert all(len(row) == len(table.columns) for table in tabulate([found]) for row in table.rows)


def test_a_release_of_which_nothing_was_counted_does_not_count(stack: Stack) -> None:
    stack.counts_nothing = True
    stack.become(60, Phase.ROLLED_BACK, ONE)
    with pytest.raises(StackError, match="Prometheus has counted nothing"):
        run(stack, "worse")


def test_minutes_are_what_counters_grew_by_and_users_those_of_the_largest_step(stack: Stack) -> None:
    begun = int(stack.now)
    first, second = read_minutes(stack, LIVE, NEW, begun, begun + 120)  # type: ignore[arg-type]
    assert (first.at, second.at) == (begun + 60, begun + 120)
    assert second.candidate == Counted(requests=60, failed=6, labelled=60, hits=36)
    assert second.live == Counted(requests=600, failed=60, labelled=600, hits=360, p99=0.08)
    assert read_reach(stack, NEW, 600, begun, begun + 600) == 0.05  # type: ignore[arg-type]


def minute(hits: int = 60, *, live: int = 60, failed: int = 0, p99: float = 0.1, of: int = 100) -> Minute:
    return Minute(
        at=0,
        live=Counted(requests=1_000, failed=0, labelled=1_000, hits=10 * live, p99=0.1),
        candidate=Counted(requests=of, failed=failed, labelled=of, hits=hits, p99=p99),
    )


def test_thresholds_count_bad_minutes_of_errors_and_latency_and_see_no_bad_lists() -> None:
    assert by_thresholds([minute(hits=5)] * 20) == (None, 0, 20)
    assert by_thresholds([minute(), *[minute(failed=2)] * 3, minute(), *[minute(p99=0.6)] * 9]) == (7, 5, 7)
    assert by_thresholds([minute(failed=1), minute(of=0)]) == (None, 0, 1), "99% succeed; nobody had it"


def test_a_look_each_minute_finds_what_is_worse_and_sometimes_what_is_not() -> None:
    assert by_peeking([minute(hits=18)] * 3).after == 1
    assert by_peeking([minute(hits=60)] * 30).after is None
    assert by_peeking([minute(hits=80)] * 5).after is None, "better"
    assert by_peeking([minute(of=0, hits=0), minute(hits=18)]) == (2, 1, 1)
    rng = np.random.default_rng(3)
    draws = [[minute(int(rng.binomial(100, 0.6))) for _ in range(30)] for _ in range(200)]
    wrong = sum(by_peeking(each).after is not None for each in draws)
    assert wrong > 200 * 0.05, "5% hold for one look only"


def test_trouble_that_meets_both_versions_looks_like_no_difference() -> None:
    calm, slow = minute(60, of=10 * 10), minute(30, live=30)
    grown = [calm] * 3 + [slow.model_copy(update={"candidate": _times(slow.candidate, 5)})] * 3
    assert by_peeking(grown).after is None


def _times(of: Counted, factor: int) -> Counted:
    return of.model_copy(update={name: factor * getattr(of, name) for name in ("labelled", "hits")})


def make_run(name: str, phase: Phase, number: int = 1, **changes: Any) -> ReleaseRun:
    usual: dict[str, Any] = {"seconds": 91.0, "reach": 0.04, "minutes": (minute(18), minute(18))}
    return ReleaseRun(
        case=Case(name=name, round=number),
        load=1.0,
        version=NEW,
        live=LIVE,
        phase=phase,
        begun=0,
        decisions=(),
        **usual | changes,
    )


def decided(*told: tuple[float, Any]) -> tuple[Decided, ...]:
    return tuple(Decided(at=at, what=what, share=0.05, why="") for at, what in told)


def test_a_worse_version_has_to_go_in_time_and_seen_by_few() -> None:
    assert make_run("worse", Phase.ROLLED_BACK).right
    assert not make_run("worse", Phase.ROLLED_BACK, seconds=181.0).right
    assert not make_run("worse", Phase.ROLLED_BACK, reach=0.051).right
    assert not make_run("worse", Phase.LIVE).right


def test_a_good_version_that_storage_disturbs_has_to_pause_and_go_on() -> None:
    disturbed: dict[str, Any] = {"injected_at": 100.0, "mended_at": 200.0}
    paused = decided((110, "release.paused"), (240, "release.resumed"))
    early = decided((90, "release.paused"), (95, "release.resumed"))

    def right(phase: Phase, decisions: Sequence[Decided]) -> bool:
        return (
            make_run("better-storage-latency", phase, **disturbed)
            .model_copy(update={"decisions": tuple(decisions)})
            .right
        )

    assert right(Phase.LIVE, paused)
    assert not right(Phase.LIVE, early) and not right(Phase.ROLLED_BACK, paused)


def test_the_tables_have_both_rules_beside_what_happened() -> None:
    runs = [
        make_run("worse", Phase.ROLLED_BACK),
        make_run("worse", Phase.HELD, 2, minutes=(minute(60), minute(60))),
        make_run("better", Phase.LIVE, seconds=260.0, reach=1.0, minutes=(minute(66),)),
    ]
    by_version, each = tabulate(runs)
    assert all(len(row) == len(table.columns) for table in (by_version, each) for row in table.rows)
    worse = dict(zip(by_version.columns, by_version.rows[1], strict=True))
    assert worse["rolled back"] == "1/2" and worse["asks"] == "1/2"
    assert worse["thresholds, each minute: rolls back"] == "0/2"
    assert worse["fixed horizon, each look: rolls back"] == "1/2"
    assert each.rows[0][-2:] == ("goes on, 0 of 2 checks failed", "rolled back in minute 1")


def test_the_page_says_that_there_are_no_runs_or_has_their_tables(tmp_path: Path) -> None:
    page, recording = tmp_path / "page.md", tmp_path / "runs.jsonl"
    page.write_text(live.PAGE.read_text().replace(live.BEGIN, f"{live.BEGIN}\nold table\n"))
    live.document(recording, page)
    assert "No live release is recorded yet" in page.read_text() and "old table" not in page.read_text()
    recording.write_text(make_run("worse", Phase.ROLLED_BACK).model_dump_json(exclude_defaults=True) + "\n")
    live.document(recording, page)
    assert "| worse-1 | rolled back | 91 s | 4.0% | – | yes |" in page.read_text()


def test_a_recorded_run_is_small() -> None:
    long = make_run("better", Phase.LIVE, minutes=(minute(),) * 26)
    assert len(long.model_dump_json(exclude_defaults=True)) < 8_000


def test_every_case_is_a_version_that_can_be_stored() -> None:
    from bench.releases.versions import VERSIONS
    from faults.catalogue import FAULTS

    assert all(kind.version in VERSIONS and kind.fault in {"", *FAULTS} for kind in KINDS.values())
