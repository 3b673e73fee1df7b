"""`python -m examples.models`: start two services with models, break, mend and stop them."""

import argparse
import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from datetime import datetime

import httpx

from examples.checkout.payments import CHECKOUT
from examples.deliveries.parcels import DELIVERIES
from examples.models.caller import FASTEST, IN_FLIGHT, TIMEOUT, Caller, count_into
from examples.models.faults.catalogue import EXAMPLES, SEVERITIES, read_faults
from examples.models.faults.change import Changes
from examples.models.processes import Processes
from examples.models.settings import Models, read_models
from examples.shop.run.settings import ExampleError

KNOWN = {example.name: example for example in (CHECKOUT, DELIVERIES)}
LONGEST = 7200


def up(models: Models, _: argparse.Namespace) -> None:
    """Train the models and start both services and their callers; returns when healthy."""
    print(
        f"Training two models and starting two services; telemetry goes to http://{models.otlp}.", flush=True
    )
    Processes(models).start()
    print(f"They answer at {', '.join(models.url(name) for name in EXAMPLES)}.")


def down(models: Models, _: argparse.Namespace) -> None:
    """Mend what is broken and stop everything; data is kept."""
    _end(models)
    processes = Processes(models)
    running = processes.is_running()
    processes.stop()
    print("The two services are stopped." if running else "The two services were not running.")


def break_(models: Models, arguments: argparse.Namespace) -> None:
    """Inject a fault; it ends by itself."""
    fault = read_faults()[arguments.fault]
    change = fault.make_change(arguments.severity, time.time() + arguments.seconds)
    Changes(models.changes, fault.example).put(change)
    if fault.restart:
        Processes(models).restart(fault.example)
    touched = f" ({fault.feature or fault.segment})" if fault.feature or fault.segment else ""
    print(f"{fault.name} ({arguments.severity}): {fault.effect}{touched}.")
    print(f"It ends after {arguments.seconds} s, or with `make models-mend`.")


def mend(models: Models, _: argparse.Namespace) -> None:
    """Undo every fault."""
    ended = _end(models)
    print(f"Mended: {', '.join(ended)}." if ended else "Nothing was broken.")


def _end(models: Models) -> list[str]:
    ended = [Changes(models.changes, name).end().fault for name in EXAMPLES]
    return [name for name in ended if name]


def list_faults(models: Models, _: argparse.Namespace) -> None:
    """List the faults, their effect, and which are in force."""
    in_force = {now.fault: now for now in (Changes(models.changes, name).now for name in EXAMPLES)}
    for fault in read_faults().values():
        change = in_force.get(fault.name)
        now = f"  [{change.severity}, {change.until - time.time():.0f} s left]" if change else ""
        print(f"{fault.name:32} {fault.domain:10} {fault.effect}{now}")
    print(f"Severities: {', '.join(SEVERITIES)}.")


def retrain(models: Models, arguments: argparse.Namespace) -> None:
    """Train a version on the outcomes from RETRAIN_SINCE to RETRAIN_UNTIL; print a report as JSON."""
    from examples.models.retraining import retrain  # scikit-learn loads slowly

    since, until = (_read_moment(name) for name in ("RETRAIN_SINCE", "RETRAIN_UNTIL"))
    print(json.dumps(retrain(KNOWN[arguments.example], models, since, until)))


def release(models: Models, arguments: argparse.Namespace) -> None:
    """Let the version RETRAIN_VERSION serve a growing share of the requests, then all, unless it is worse."""
    from examples.models.release import release  # scikit-learn loads slowly

    version = os.environ.get("RETRAIN_VERSION", "")
    try:
        release(KNOWN[arguments.example], models, version)
    except ValueError as error:
        raise ExampleError(str(error)) from None
    print(f"{version} serves all requests to {arguments.example} within a second.")


def _read_moment(name: str) -> float:
    try:
        return datetime.fromisoformat(os.environ.get(name, "")).timestamp()
    except ValueError:
        raise ExampleError(f"{name} is no moment: write one such as 2026-11-29T12:00:00+00:00") from None


def call(models: Models, arguments: argparse.Namespace) -> None:
    """Call one of the services until stopped, and tell it the outcomes."""
    with suppress(KeyboardInterrupt):
        asyncio.run(_call(models, arguments))


async def _call(models: Models, arguments: argparse.Namespace) -> None:
    example = KNOWN[arguments.example]
    limits = httpx.Limits(max_connections=IN_FLIGHT)
    url = arguments.url or models.url(example.name)
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT, limits=limits, trust_env=False) as client:
        changes = Changes(models.changes, example.name)
        caller = Caller(
            example, client, changes, rate=arguments.rate, seed=arguments.seed, delay=arguments.delay
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(caller.run())
            tasks.create_task(count_into(models.counts(example.name), caller, arguments.window))


def main() -> None:
    """Run a command; its failure is one clear line and exit status 1, wrong use 2."""
    arguments = _make_parser().parse_args()
    try:
        arguments.run(read_models(), arguments)
    except ExampleError as error:
        sys.exit(f"models: {error}")


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="examples.models", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run in (("up", up), ("down", down), ("mend", mend), ("faults", list_faults)):
        commands.add_parser(name, help=run.__doc__).set_defaults(run=run)
    breaking = commands.add_parser("break", help=break_.__doc__)
    breaking.add_argument("fault", choices=list(read_faults()), metavar="FAULT")
    breaking.add_argument("severity", choices=SEVERITIES, nargs="?", default="high")
    breaking.add_argument("--for", dest="seconds", type=_between(1, LONGEST), default=1800)
    breaking.set_defaults(run=break_)
    for name, of_one in (("retrain", retrain), ("release", release)):
        training = commands.add_parser(name, help=of_one.__doc__)
        training.add_argument("example", choices=EXAMPLES)
        training.set_defaults(run=of_one)
    calling = commands.add_parser("call", help=call.__doc__)
    calling.add_argument("example", choices=EXAMPLES)
    calling.add_argument("--url", default="", help="of the service (default: where `up` starts it)")
    for name, usual, least, most, meaning in (
        ("rate", "10", 0.01, FASTEST, "requests per second"),
        ("seed", "1", 0, 2**31, "the same cases for the same one"),
        ("delay", "30", 0, LONGEST, "seconds until an outcome is known, about"),
        ("window", "10", 0.1, 600, "seconds that each line of counts is about"),
    ):
        given = os.environ.get(f"MODELS_{name.upper()}") or usual
        calling.add_argument(f"--{name}", type=_between(least, most), default=given, help=meaning)
    calling.set_defaults(run=call)
    return parser


class _between:
    """Reads a number within bounds; a whole one stays whole."""

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most

    def __call__(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not self._least <= number <= self._most:
            raise argparse.ArgumentTypeError(f"must be from {self._least:g} to {self._most:g}, not {text!r}")
        return int(number) if number.is_integer() else number


if __name__ == "__main__":
    main()
