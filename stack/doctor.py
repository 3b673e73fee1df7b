"""`make doctor`: what on this machine would prevent the stack from running well, and what to do about it."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

import config
from components import memory
from components.pins import Component
from stack import DATA, ROOT, StackError
from stack.checks import clock, configuration, machine, storage, tools
from stack.checks.finding import Finding, Level
from stack.running import compose, engine, processes
from stack.settings import Settings, load_settings

COLOURS = {Level.GOOD: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}


def examine(needed: Sequence[Component]) -> Iterator[Finding]:
    """Everything worth knowing before a start; as plain processes it needs these programs."""
    yield machine.check_python()
    settings, finding = configuration.check_settings(load_settings)
    yield finding
    chosen, finding = configuration.check_config(config.load)
    yield from configuration.check_keys(ROOT / ".env", configuration.known_variables(chosen))
    yield finding
    yield clock.check_synchronised(clock.ask_synchronised())
    yield clock.check_steadiness()
    if settings:
        engine_problem = engine.find_problem()
        yield tools.check_engine(
            engine_problem, settings.mode == "containers", shutil.which("docker") is not None
        )
        if settings.mode == "containers" or not (settings.mode or engine_problem):
            yield from _examine_containers(load_settings("containers"), engine_problem)
        else:
            settings = load_settings("processes")
            yield from _examine_programs(settings, needed)
            yield from examine_start(settings, needed)


def examine_start(settings: Settings, needed: Sequence[Component]) -> Iterator[Finding]:
    """What a start as plain processes would fail on; takes milliseconds."""
    unbuilt = machine.find_unbuilt(needed)
    yield machine.check_memory(memory.read_available(), unbuilt)
    yield machine.check_disk(DATA, machine.read_free_disk(DATA))
    go_cache = machine.find_go_cache()
    yield machine.check_build_disk(go_cache, machine.read_free_disk(go_cache), unbuilt, needed)
    yield machine.check_writable(DATA)
    yield machine.check_open_files()
    kept = clock.parse_retention(settings.prometheus_retention_time)
    yield clock.check_date(datetime.now(UTC), clock.find_newest(DATA), kept)
    yield from storage.check_storage(settings)
    ours = {process.pid for process in processes.read_processes() or ()}
    yield from configuration.check_ports(settings.ports, ours)


def require_fit(settings: Settings, needed: Sequence[Component], console: Console) -> None:
    """Shows what is not well before a start; raises StackError with the problems when there are any."""
    found = [finding for finding in examine_start(settings, needed) if finding.level is not Level.GOOD]
    show((finding for finding in found if finding.level is Level.WARNING), console)
    problems = [finding.told for finding in found if finding.level is Level.PROBLEM]
    if problems:
        raise StackError("\n".join(problems))


def show(findings: Iterable[Finding], console: Console) -> bool:
    """Prints a line for each finding; whether there was no problem among them."""
    well = True
    for finding in findings:
        sign, rest = (finding.level.value, COLOURS[finding.level]), finding.told.removeprefix(finding.subject)
        console.print(Text.assemble(sign, " ", (finding.subject, "bold"), rest), soft_wrap=True)
        well = well and finding.level is not Level.PROBLEM
    return well


def _examine_programs(settings: Settings, needed: Sequence[Component]) -> Iterator[Finding]:
    yield tools.check_go(machine.find_unbuilt(needed), tools.find_go(), tools.is_go_installed())
    yield tools.check_grafana(settings.grafana, tools.find_grafana_version(settings.grafana))


def _examine_containers(settings: Settings, engine_problem: str | None) -> Iterator[Finding]:
    yield machine.check_memory(memory.read_available())
    yield from storage.check_storage(settings)
    if engine_problem is None:
        running = any(container.status == "Running" for container in compose.read_containers())
        yield from configuration.check_ports({} if running else settings.ports, ())
