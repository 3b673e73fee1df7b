"""What a person sees while the stack starts."""

import time
from collections.abc import Iterable

from rich.console import Console
from rich.live import Live
from rich.text import Text

from stack.running.processes import Process


def show_startup(console: Console, snapshots: Iterable[list[Process]]) -> float:
    """Shows each process becoming ready, live on a terminal and line by line elsewhere; seconds it took."""
    started = time.monotonic()
    announced: set[str] = set()
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        for processes in snapshots:
            elapsed = time.monotonic() - started
            for process in processes:
                if process.ready and process.name not in announced:
                    announced.add(process.name)
                    word = "done" if process.one_shot else "ready"
                    live.console.print(f"  [green]✓[/] {process.name} {word} [dim]{elapsed:.1f} s[/]")
            waiting = ", ".join(p.name for p in processes if not p.ready)
            live.update(Text(f"  {elapsed:.0f} s, waiting for {waiting}") if waiting else Text(""))
    return time.monotonic() - started
