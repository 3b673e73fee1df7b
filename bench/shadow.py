"""`python -m bench.shadow`: what a version in the shadow costs users and the machine, as ratios of one run.

Recommenders run side by side, one without a shadow and one for each share; requests are due in turn, so that
whatever else the machine does meets all of them alike.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Annotated

import httpx
import typer
import uvloop
from pydantic import ValidationError
from rich.console import Console

from bench.incidents.tables import NOTHING, Table
from bench.live_cases import Kept, end_by_interrupt, read_load, write_tables
from bench.overhead.load import Load, pace
from bench.overhead.processes import Server, ServerFailed, find_port, run_collector, serve
from components.build import ComponentMissing
from config import load
from faults import FaultError
from faults.bucket import Bucket
from services.demo.flags import clear_shadow, write_shadow
from services.demo.recommender.connection import Connection, connect
from services.demo.recommender.model import read_materialised
from services.demo.recommender.settings import RecommenderSettings
from services.demo.storage.history import PREFIX
from services.demo.storage.settings import StorageSettings
from stack import ROOT, SHADOW_FILE, StackError
from stack.credentials import ensure_credentials
from stack.models.shadowing import begin_shadow
from stack.running.processes import control_process
from stack.settings import load_settings, process_environment

RECORDING = ROOT / "bench" / "recordings" / "shadow.json"
PAGE = ROOT / "docs" / "shadow.md"
BEGIN = "<!-- begin: written by `make bench-shadow-page` -->"
NONE = "Nothing is recorded yet: `make bench-shadow`."

PATHS = [f"/recommendations/{user}" for user in range(1, 201)]
WARM_UP = 5.0
FEATURES_SECONDS = 60.0
LIMIT = 0.03
"""Share by which the 95th percentile may grow."""

REPLICA = "999"
"""Under which the recommenders here keep what was clicked: apart from the stack's own."""


app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console(width=140, highlight=False)

File = Annotated[Path, typer.Option(help="JSON of the last run, which replaces what is there")]


class Sample(Kept):
    """One round: CPU in µs per request, latencies in ms, failed requests."""

    cpu: float
    p50: float
    p95: float
    failures: int


Samples = dict[float, list[Sample]]
"""By the share (percent) of the requests that are answered in the shadow too; 0 is without one."""


class Run(Kept):
    """Rounds of so many seconds at so many requests/s; `load` is the machine's load average at their end."""

    version: str
    seconds: float
    rate: float
    load: float
    samples: Samples


@app.command()
def run(
    rounds: Annotated[int, typer.Option(min=1, max=50)] = 10,
    seconds: Annotated[float, typer.Option(min=5, max=600, help="Of a round.")] = 30,
    rate: Annotated[float, typer.Option(min=1, max=100, help="Requests/s of each recommender.")] = 20,
    shares: Annotated[
        list[float] | None, typer.Option(help="Percent in the shadow; default 10, 100.")
    ] = None,
    version: Annotated[str, typer.Option(help="Default: the trainer's candidate.")] = "",
    recording: File = RECORDING,
) -> None:
    """Measure on the storage and features of the running stack, whose own traffic is stopped meanwhile."""
    samples: Samples = {share: [] for share in (0.0, *(shares or [10.0, 100.0]))}
    try:
        with run_collector() as port, _traffic_stopped(), _features_written(version) as chosen:
            with _feedback_forgotten(), ExitStack() as stack:
                servers = {share: stack.enter_context(_recommender(port, chosen, share)) for share in samples}
                uvloop.run(_pace_in_turn(servers, rate, WARM_UP))
                for number in range(rounds):
                    console.print(f"round {number + 1} of {rounds}")
                    for share, sample in _measure(servers, rate, seconds, number).items():
                        samples[share].append(sample)
    except (ServerFailed, ComponentMissing, StackError) as failure:
        sys.exit(f"bench.shadow: {failure}")
    measured = Run(version=chosen, seconds=seconds, rate=rate, load=read_load(), samples=samples)
    recording.write_text(measured.model_dump_json(indent=1) + "\n")
    console.print(tabulate(measured).to_rich())
    for line in conclude(samples):
        console.print(line)


@app.command()
def document(recording: File = RECORDING, page: Path = PAGE) -> None:
    """Write the recorded run into docs/shadow.md."""
    if not recording.exists():
        return write_tables(page, BEGIN, [], NONE)
    try:
        recorded = Run.model_validate_json(recording.read_bytes())
    except ValidationError:
        sys.exit(f"bench.shadow: {recording} is no run: `make bench-shadow` writes it anew")
    write_tables(page, BEGIN, [tabulate(recorded)], NONE)


@contextmanager
def _traffic_stopped() -> Iterator[None]:
    control_process("stop", "traffic")
    try:
        yield
    finally:
        control_process("start", "traffic")


@contextmanager
def _features_written(version: str) -> Iterator[str]:
    """Let the stack's feature job write those of the version; its name."""
    former = SHADOW_FILE.read_bytes() if SHADOW_FILE.exists() else None
    begun = time.time()
    begin_shadow(load_settings(), version, 1)
    try:
        chosen = httpx.get(f"{load_settings().url('recommender')}/readyz", trust_env=False).json()["shadow"]
        _await_features(_connect(), chosen, begun)
        yield chosen
    finally:
        clear_shadow(SHADOW_FILE)
        if former:
            SHADOW_FILE.write_bytes(former)


@contextmanager
def _feedback_forgotten() -> Iterator[None]:
    """No version is to learn that nobody clicked in what was asked for here."""
    try:
        yield
    finally:
        try:
            bucket = Bucket()
            bucket.delete(bucket.list_keys(f"{PREFIX}{REPLICA}-"))
        except FaultError as error:
            console.print(f"{PREFIX}{REPLICA}-* is left in the bucket: {error}", markup=False)


def _await_features(connection: Connection, version: str, begun: float) -> None:
    end = time.monotonic() + FEATURES_SECONDS
    while time.monotonic() < end:
        found = read_materialised(connection.store, connection.bucket, version)
        if found and found.computed_at > begun - RecommenderSettings().feature_max_age / 2:
            return
        time.sleep(0.5)
    raise StackError(f"{version} has no features after {FEATURES_SECONDS:g} s: `make logs SERVICE=features`")


def _environment() -> dict[str, str]:
    given = process_environment(load_settings(), ensure_credentials(), load())
    return given | {
        "STORAGE_ENDPOINT": given["STORAGE_URL"],
        "STORAGE_ACCESS_KEY": given["RECOMMENDER_S3_ACCESS_KEY"],
        "STORAGE_SECRET_KEY": given["RECOMMENDER_S3_SECRET_KEY"],
    }


def _connect() -> Connection:
    given = _environment()
    keys = {name: given[f"STORAGE_{name.upper()}"] for name in ("endpoint", "access_key", "secret_key")}
    return connect(StorageSettings.model_validate(keys), RecommenderSettings())


@contextmanager
def _recommender(collector: int, version: str, share: float) -> Iterator[Server]:
    port = find_port()
    with tempfile.TemporaryDirectory() as folder:
        if share:
            write_shadow(Path(folder) / "shadow.json", version, share / 100)
        own = {
            "FLAGS_FILE": f"{folder}/flags.json",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "RECOMMENDER_PORT": str(port),
            "RECOMMENDER_REPLICA": REPLICA,
            "WORKERS": "1",
        }
        command = [sys.executable, "-m", "services.demo.recommender"]
        with serve(port, command, _environment() | own, "/readyz") as server:
            _await_shadow(server, version if share else None)
            yield server


def _await_shadow(server: Server, version: str | None) -> None:
    end = time.monotonic() + FEATURES_SECONDS
    while httpx.get(f"http://127.0.0.1:{server.port}/readyz", trust_env=False).json()["shadow"] != version:
        if time.monotonic() > end:
            raise ServerFailed(f"a recommender does not answer with {version} in the shadow")
        time.sleep(0.25)


def _measure(
    servers: Mapping[float, Server], rate: float, seconds: float, number: int
) -> dict[float, Sample]:
    shares = list(servers)
    turned = shares[number % len(shares) :] + shares[: number % len(shares)]
    before = {share: servers[share].cpu_seconds() for share in shares}
    loads = uvloop.run(_pace_in_turn({share: servers[share] for share in turned}, rate, seconds))
    return {
        share: Sample(
            cpu=1e6 * (servers[share].cpu_seconds() - before[share]) / len(load.latencies),
            p50=load.quantile(0.5),
            p95=load.quantile(0.95),
            failures=load.failures,
        )
        for share, load in loads.items()
    }


async def _pace_in_turn(servers: Mapping[float, Server], rate: float, seconds: float) -> dict[float, Load]:
    step = 1 / rate / len(servers)
    runs = [
        pace(server.port, PATHS, rate=rate, seconds=seconds, delay=place * step)
        for place, server in enumerate(servers.values())
    ]
    return dict(zip(servers, await asyncio.gather(*runs), strict=True))


def tabulate(run: Run) -> Table:
    """A row for each share: medians over rounds, and of the 95th percentile the ratio to that without."""
    columns = ("in the shadow", "CPU µs", "added", "p50 ms", "p95 ms", "p95 ratio", "of rounds", "failed")
    rounds = len(run.samples[0.0])
    title = f"{run.version} in the shadow: {rounds} rounds of {run.seconds:g} s, {run.rate:g} requests/s"
    return Table(title, columns, [_tell(share, run.samples) for share in run.samples])


def _tell(share: float, samples: Samples) -> tuple[str, ...]:
    runs, ratios = samples[share], _ratios(samples[share], samples)
    added = median(run.cpu - off.cpu for run, off in zip(runs, samples[0.0], strict=True))
    return (
        f"{share:g}%" if share else "none",
        f"{median(run.cpu for run in runs):.0f}",
        f"{added:+.0f}" if share else NOTHING,
        f"{median(run.p50 for run in runs):.2f}",
        f"{median(run.p95 for run in runs):.2f}",
        f"{median(ratios):.3f}" if share else NOTHING,
        f"{ratios[0]:.2f}–{ratios[-1]:.2f}" if share else NOTHING,
        str(sum(run.failures for run in runs)),
    )


def conclude(samples: Samples) -> Iterator[str]:
    """A sentence for each share: whether users would notice."""
    for share, runs in samples.items():
        if share:
            word = "within" if median(_ratios(runs, samples)) <= 1 + LIMIT else "NOT within"
            yield f"{share:g}% in the shadow: the 95th percentile is {word} {LIMIT:.0%} of that without."


def _ratios(runs: Sequence[Sample], samples: Samples) -> list[float]:
    """Of the 95th percentiles of each round, ascending."""
    return sorted(run.p95 / off.p95 for run, off in zip(runs, samples[0.0], strict=True))


if __name__ == "__main__":
    end_by_interrupt()
    app()
