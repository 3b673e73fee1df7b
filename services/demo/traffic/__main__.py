"""The program `python -m services.demo.traffic`, or a bounded run with --requests or --duration."""

import argparse
import asyncio
import json
import logging
import signal

import httpx
import structlog

from services.configuration import load_settings
from services.demo.dataset import DatasetError, DatasetSettings, find_folder, load, split
from services.demo.traffic.behaviour import BehaviourFile
from services.demo.traffic.crowd import Crowd
from services.demo.traffic.habits import Habits
from services.demo.traffic.settings import FASTEST, TrafficSettings
from services.demo.traffic.tally import Tally
from services.demo.traffic.transport import PlainTransport
from services.demo.traffic.visits import Visits
from services.logs import configure_logging

log = structlog.get_logger()
PATIENCE_SECONDS = 60.0
TIMEOUT = httpx.Timeout(10.0, connect=2.0)


def main() -> None:
    """Send traffic; exit status 1 with one line on standard error without usable data or recommender."""
    arguments = _make_parser().parse_args()
    bounded = bool(arguments.requests or arguments.duration)
    configure_logging("traffic", logging.ERROR if bounded else logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = load_settings(TrafficSettings)
    settings = settings.model_copy(
        update={k: v for k in ("rate", "seed") if (v := getattr(arguments, k)) is not None}
    )
    crowd = _gather_crowd(arguments.skip_bad_rows)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if bounded:
            asyncio.run(_send_bounded(settings, crowd, arguments.requests, arguments.duration))
        else:
            asyncio.run(_serve(settings, crowd))
    except KeyboardInterrupt:
        log.info("stopped")


async def _send_bounded(
    settings: TrafficSettings, crowd: Crowd, requests: int | None, duration: float | None
) -> None:
    async with _connect(settings) as client:
        visits = Visits(client, crowd, Habits(), settings.seed, settings.k)
        completed = await visits.run(settings.rate, requests, duration, PATIENCE_SECONDS)
    print(json.dumps(visits.tally.summarise()))
    if not completed:
        raise SystemExit(
            f"traffic: no recommender at {settings.url} within {PATIENCE_SECONDS:g} s; is it running?"
        )


async def _serve(settings: TrafficSettings, crowd: Crowd) -> None:
    async with _connect(settings) as client, asyncio.TaskGroup() as tasks:
        behaviour = BehaviourFile(settings.behaviour_file)
        visits = Visits(client, crowd, Habits(), settings.seed, settings.k, behaviour)
        tasks.create_task(behaviour.run())
        tasks.create_task(visits.run(settings.rate, None, None, None))
        while True:
            await asyncio.sleep(settings.summary)
            log.info("traffic", seconds=settings.summary, **visits.tally.summarise())
            visits.tally = Tally()


def _connect(settings: TrafficSettings) -> httpx.AsyncClient:
    transport = PlainTransport() if settings.url.startswith("http://") else None
    return httpx.AsyncClient(base_url=settings.url, timeout=TIMEOUT, transport=transport, trust_env=False)


def _gather_crowd(skip_bad_rows: bool) -> Crowd:
    source = load_settings(DatasetSettings)
    try:
        dataset = load(find_folder(source), skip_bad_rows or source.skip_bad_rows, source.columns)
    except DatasetError as failure:
        raise SystemExit(f"traffic: {failure}") from None
    for note in dataset.notes:
        log.info(note)
    log.info("users ready", dataset_id=dataset.id, ratings=len(dataset.ratings), skipped_rows=dataset.skipped)
    return Crowd(*split(dataset), Habits())


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="services.demo.traffic", description="Simulated users with a ground truth."
    )
    parser.add_argument("--requests", type=_positive_int, help="send this many, print one JSON line, end")
    parser.add_argument("--duration", type=_positive_float, help="send for this many seconds, print, end")
    parser.add_argument("--rate", type=_rate, help="requests per second (default: TRAFFIC_RATE, or 20)")
    parser.add_argument(
        "--seed", type=int, help="seed of arrivals and reactions (default: TRAFFIC_SEED, or 1)"
    )
    parser.add_argument(
        "--skip-bad-rows", action="store_true", help="leave malformed rows out of the data set"
    )
    return parser


def _positive_int(text: str) -> int:
    if (value := int(text)) <= 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _positive_float(text: str) -> float:
    if not 0 < (value := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _rate(text: str) -> float:
    if (value := _positive_float(text)) > FASTEST:
        raise argparse.ArgumentTypeError(f"must be at most {FASTEST:g} requests per second")
    return value


if __name__ == "__main__":
    main()
