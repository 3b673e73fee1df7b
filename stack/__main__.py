"""`python -m stack`: start, stop, inspect and change the stack; the Makefile runs it."""

import os
import sys
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from components.build import ensure
from components.compiler import BuildFailed
from components.ending import end_when_told
from components.pins import select
from components.toolchain import ToolchainMissing
from config import Config, load
from prometheus.client import SourceAway
from stack import DATA, ROOT, StackError, access, describe_refusal, generated
from stack.credentials import ensure_credentials
from stack.data import delete_data
from stack.doctor import examine, require_fit, show
from stack.models import decisions, origins
from stack.running import compose, containers, fingerprints, processes
from stack.running.current import in_containers
from stack.running.interrupts import hold_interrupts, until_interrupted
from stack.running.modes import choose_mode, remember_mode
from stack.running.rundir import write_run_directory
from stack.running.startup import show_startup
from stack.scale import starting as scale
from stack.settings import Settings, load_settings, process_environment
from stack.storage import moving
from stack.verify import verify_stack

BINARIES = (
    "minio",
    "toxiproxy",
    "process-compose",
    "prometheus",
    "alertmanager",
    "jaeger",
    "collector",
)

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)
app.add_typer(decisions.app)
app.add_typer(origins.app)
app.add_typer(access.app)
app.add_typer(moving.app)
console = Console()


@app.command()
def up() -> None:
    """Start everything; return when all is healthy."""
    config, chosen = load(), load_settings()
    if processes.supervisor_alive() and chosen.mode != "containers":
        waiting = [each.name for each in processes.read_processes() or [] if not each.ready]
        console.print(f"Already running; not ready: {', '.join(waiting)}." if waiting else "Already running.")
        settings = load_settings("processes")
        if changed := fingerprints.find_changes(settings, config):
            console.print(
                f"Changed since the start: {', '.join(changed)}. `make down up` applies it; data is kept."
            )
        _print_addresses(settings)
        return
    mode, reason = choose_mode(chosen.mode)
    if processes.supervisor_alive():
        raise StackError("the stack runs as plain processes: `make down` first")
    console.print(reason)
    if mode == "containers":
        containers.choose_stack(distributed=bool(chosen.scale))
    settings = load_settings(mode)
    if generated.update(config):
        console.print(f"Using whence.yaml: dashboards and rules are in {generated.FOLDER}")
    seconds = _start_containers(settings) if mode == "containers" else _start_processes(settings, config)
    console.print(f"Everything is healthy after {seconds:.0f} s.")
    _print_addresses(settings)
    if mode == "containers" and config.retraining.automatic:
        console.print("No container retrains by itself: `make retrain WATCH=1` beside them does.")
    _tell_waiting()


def _tell_waiting() -> None:
    from stack.models.dataset import find_waiting  # NumPy loads slowly

    if version := find_waiting():
        console.print(f"A version of another data set is live: `make release VERSION={version}` replaces it.")


def _start_containers(settings: Settings) -> float:
    remember_mode("containers")
    return containers.start(settings, console)


def _start_processes(settings: Settings, config: Config) -> float:
    needed = [name for name in BINARIES if not (name == "minio" and settings.external_storage)]
    needed += scale.BINARIES if settings.scale else ()
    require_fit(settings, select(needed), console)
    binaries = ensure(needed)
    if processes.supervisor_alive():
        raise StackError("another `make up` started the stack meanwhile: `make status`")
    credentials = ensure_credentials()
    environment = process_environment(settings, credentials, config)
    write_run_directory(settings, credentials, config, binaries)
    fingerprints.note_start(settings, config)
    file, deadline = ROOT / "process-compose.yaml", processes.START_DEADLINE
    if settings.scale:
        file, deadline = scale.lay_out(settings, scale.find_programs(console)), scale.START_DEADLINE
        environment = scale.extend(environment, settings)
    remember_mode("processes")
    try:
        with hold_interrupts() as interrupted:
            processes.start_supervisor(environment, file)
            return show_startup(console, until_interrupted(interrupted, processes.await_ready(deadline)))
    except BaseException:
        with suppress(OSError):  # nobody may be there to read it any more
            console.print("Stopping what was started.")
        processes.stop_supervisor()
        raise


@app.command()
def generate() -> None:
    """Write the dashboards, rules and receivers that follow from whence.yaml; the next start uses them."""
    written = generated.update(load())
    console.print(f"Written to {generated.FOLDER}." if written else "No whence.yaml: the defaults apply.")


@app.command()
def diff() -> None:
    """Show what whence.yaml changes in panels, rules and receivers, against what the stack uses."""
    print(generated.describe(load()))


@app.command()
def build() -> None:
    """Build the third-party programs that are not built yet; with SCALE=1 the distributed stack's, too."""
    if load_settings("processes").scale:
        scale.find_programs(console)
        ensure([*BINARIES, *scale.BINARIES])
    else:
        ensure(BINARIES)


@app.command()
def doctor() -> None:
    """Check this machine and the settings; say what is wrong and what to do. Exit 1 if a start would fail."""
    if not show(examine(select(BINARIES)), console):
        raise typer.Exit(1)


@app.command()
def down() -> None:
    """Stop everything; data is kept."""
    stopped = containers.stop() if in_containers() else processes.stop_supervisor()
    console.print("Stopped; data is kept." if stopped else "Nothing was running.")


@app.command()
def status() -> None:
    """Show each process: state, restarts, memory. Exit 1 unless all are ready."""
    states = containers.read_states() if in_containers() else processes.read_processes()
    if not states:
        raise StackError("the stack is not running; start it with `make up`")
    table = Table("process", "state", "restarts", "memory", box=None)
    running = [state for state in states if state.status != "Disabled"]
    for state in running:
        word = "done" if state.one_shot and state.ready else "ready" if state.ready else state.status.lower()
        table.add_row(
            state.name, word, str(state.restarts), f"{state.memory / 2**20:.0f} MB" if state.memory else ""
        )
    console.print(table)
    if not all(state.ready for state in running):
        raise typer.Exit(1)


@app.command()
def logs(service: Annotated[str, typer.Argument(help="one process; all when empty")] = "") -> None:
    """Follow the logs."""
    if in_containers():
        compose.become(*compose.EVERY_PROFILE, "logs", "--follow", "--tail", "20", *filter(None, [service]))
    files = sorted((DATA / "logs").glob(f"{service or '*'}.log"))
    if not files:
        raise StackError(f"no log of {service or 'any process'}; `make status` lists the processes")
    os.execvp("tail", ["tail", "-n", "20", "-F", *map(str, files)])


@app.command()
def shell(service: Annotated[str, typer.Argument(help="one service")]) -> None:
    """Open a shell in a service's container, or with the variables the processes get."""
    if in_containers():
        compose.become(*compose.EVERY_PROFILE, "exec", service, "sh")
    program = os.environ.get("SHELL", "/bin/sh")
    settings = load_settings("processes")
    os.execvpe(program, [program], process_environment(settings, ensure_credentials(), load()))


@app.command()
def clean(yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Stop everything and delete its data (metrics, traces, incidents, models) and secrets."""
    question = f"Delete all data of the stack in {DATA}: metrics, traces, incidents, models?"
    if not yes and not typer.confirm(question):
        raise typer.Exit(1)
    if in_containers():
        containers.delete()
    processes.stop_supervisor()
    left = delete_data()
    (ROOT / ".secrets.env").unlink(missing_ok=True)
    console.print("Stopped and deleted.")
    if left:
        console.print(f"Not deleted, because the stack did not create it: {', '.join(left)} in {DATA}.")


@app.command()
def verify() -> None:
    """Check every dashboard, panel query and alert rule on the live stack; print those that fail."""
    contained = in_containers()
    credentials = containers.read_credentials() if contained else ensure_credentials()
    settings = load_settings("containers" if contained else "processes")
    try:
        problems = verify_stack(settings, credentials, console)
    except SourceAway as away:
        raise StackError(f"{away} Is the stack up? `make status`") from None
    if problems:
        raise StackError("\n".join(problems))


def _print_addresses(settings: Settings) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_row("Incidents", settings.url("incidents"), "alerts, verdicts, runbooks")
    if settings.grafana:
        table.add_row("Grafana", settings.url("grafana"), "dashboards")
    table.add_row("Recommender", f"{settings.url('recommender')}/docs", "the monitored service")
    table.add_row("Prometheus", settings.url("prometheus"), "metrics API")
    table.add_row("Jaeger", settings.url("jaeger"), "traces API")
    console.print(table)


def main() -> None:
    """Runs a command; its failure is one clear line and exit status 1, wrong use 2, an interrupt 130."""
    end_when_told()
    try:
        app()
    except (StackError, BuildFailed, ToolchainMissing) as error:
        sys.exit(f"whence: {error}")
    except PermissionError as error:
        sys.exit(f"whence: {describe_refusal(error)}")


if __name__ == "__main__":
    main()
