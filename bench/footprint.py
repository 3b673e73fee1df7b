"""`python -m bench.footprint`: resident memory of every process of the running stack under its demo load."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from stack import StackError, compose
from stack.processes import PID_FILE, read_processes
from stack.running import in_containers
from stack.settings import load_settings


def measure_memory() -> dict[str, int]:
    """Resident bytes by process, children included, or by container as the engine accounts them.

    Raises StackError when the stack is not running.
    """
    contained = in_containers()
    processes = None if contained else read_processes()
    if contained and (containers := compose.measure_memory()):
        return containers
    if processes is None:
        raise StackError("the stack is not running; start it with `make up`")
    return {p.name: _resident(p.pid) for p in processes if p.status == "Running"} | {
        "process-compose": _supervisor()
    }


def _resident(pid: int) -> int:
    process = psutil.Process(pid)
    return sum(p.memory_info().rss for p in [process, *process.children(recursive=True)])


def _supervisor() -> int:
    return int(psutil.Process(int(PID_FILE.read_text())).memory_info().rss)


def main(
    minutes: Annotated[float, typer.Option(min=0, max=120)] = 5,
    file: Annotated[Path | None, typer.Option("--json", help="also write the figures here, in bytes")] = None,
) -> None:
    """Wait under load, then print resident memory per process."""
    console = Console()
    measure_memory()
    rate = load_settings().traffic_rate
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(f"{minutes:g} minutes at {rate:g} requests/s", total=minutes * 60)
        end = time.monotonic() + minutes * 60
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(1, left))
            progress.update(task, completed=minutes * 60 - left)
    memory = measure_memory()
    table = Table("process", "resident", box=None, title=f"After {minutes:g} minutes at {rate:g} requests/s")
    for name, size in sorted(memory.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{size / 2**20:.0f} MB")
    without_grafana = sum(size for name, size in memory.items() if name != "grafana")
    table.add_row("everything but Grafana", f"{without_grafana / 2**20:.0f} MB", style="bold")
    console.print(table)
    if file:
        file.write_text(json.dumps(memory, indent=2) + "\n")


if __name__ == "__main__":
    try:
        typer.run(main)
    except StackError as error:
        sys.exit(f"whence: {error}")
