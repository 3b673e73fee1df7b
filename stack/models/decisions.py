"""Commands that decide which model version serves whom: `make gate`, `make rollout`, `make release` …"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from config import load
from stack import StackError
from stack.models.rollouts import Author, roll_back, roll_out, start_experiment
from stack.models.shadowing import begin_shadow, end_shadow
from stack.running.interrupts import hold_interrupts
from stack.settings import load_settings

Who = Annotated[str, typer.Option(envvar="WHO", help="for the audit trail; by default this machine's user")]
Why = Annotated[str, typer.Option(envvar="WHY", help="the reason, for the audit trail")]
Override = Annotated[str, typer.Option(help='lets through what the gate refuses: "your name: the reason"')]

app = typer.Typer()
console = Console()


@app.command()
def rollout(
    version: Annotated[str, typer.Argument(help="a trained version; empty: the trainer's candidate")] = "",
    share: Annotated[float, typer.Argument(min=0, max=100, help="percent of the users")] = 30,
    experiment: Annotated[str, typer.Option(help="split the users as this experiment declares")] = "",
    who: Who = "",
    why: Why = "",
    override: Override = "",
) -> None:
    """Serve another model version to a share of the users, or the variants of an experiment."""
    from stack.models.gate import Gate  # NumPy and SciPy load slowly
    from stack.models.releases import require_no_release

    require_no_release()
    config = load()
    if not experiment:
        gate = Gate(config, console, override)
        return console.print(roll_out(load_settings(), version, share, Author(who, why), gate.admit))
    declared = {each.name: each for each in config.experiments}
    if experiment not in declared:
        known = ", ".join(declared) or "none"
        raise StackError(f"whence.yaml declares no experiment {experiment} (declared: {known})")
    console.print(start_experiment(load_settings(), declared[experiment], Author(who, why)))


@app.command()
def gate(
    version: Annotated[str, typer.Argument(help="a trained version; empty: the trainer's candidate")] = "",
    card: Annotated[Path | None, typer.Option(help="a card's file instead, of any model")] = None,
    live: Annotated[Path | None, typer.Option(help="and that of its live version")] = None,
    override: Override = "",
) -> None:
    """Judge whether a version may serve users. Exit 1 if it may not."""
    from stack.models.gate import Gate  # NumPy and SciPy load slowly

    if bool(card) != bool(live):
        raise typer.BadParameter("a card is judged beside another: name both, CARD= and LIVE=")
    gate = Gate(load(), console, override)
    if card and live:
        gate.admit_file(card, live)
    else:
        gate.admit(version)


@app.command()
def release(
    version: Annotated[str, typer.Argument(help="a trained version; empty: go on, or show what became")] = "",
    who: Who = "",
    why: Why = "",
    override: Override = "",
) -> None:
    """Make a version live step by step, guarded. Exit 1 if it is rolled back."""
    from stack.models.gate import Gate  # NumPy and SciPy load slowly
    from stack.models.releases import release

    config = load()
    gate = Gate(config, console, override)
    ended = release(load_settings(), config, console, version, Author(who, why), gate.admit)
    if ended:
        raise typer.Exit(ended)


@app.command("release-continue")
def release_continue(who: Who = "") -> None:
    """Let a release that asks go on."""
    from stack.models.releases import answer  # NumPy and SciPy load slowly

    console.print(answer("continue", Author(who)))


@app.command()
def shadow(
    version: Annotated[str, typer.Argument(help="a trained version; empty: the trainer's candidate")] = "",
    share: Annotated[float | None, typer.Option(help="percent; by default as in whence.yaml")] = None,
) -> None:
    """Let another model version answer a share of the requests too, unseen by users."""
    percent = 100 * load().shadow.share if share is None else share
    console.print(begin_shadow(load_settings(), version, percent))


@app.command("shadow-off")
def shadow_off() -> None:
    """Let no version answer in the shadow any more."""
    console.print(end_shadow())


@app.command()
def rollback(who: Who = "", why: Why = "") -> None:
    """Serve the live version to all users again; that ends a release."""
    from stack.models.releases import answer, is_under_way  # NumPy and SciPy load slowly

    if is_under_way():
        return console.print(answer("roll back", Author(who, why)))
    console.print(roll_back(Author(who, why), lambda: load().experiments))


@app.command()
def retrain(
    service: Annotated[str, typer.Option(help="whose model; empty: the recommender's")] = "",
    model: Annotated[str, typer.Option(help="by its name, where a service has several")] = "",
    follow: Annotated[
        bool, typer.Option("--watch", help="go on by itself, if whence.yaml allows it")
    ] = False,
) -> None:
    """Judge by the verdict whether a model is to be trained again; train it, pass the gate, release it.

    Exit 1 for a no, and if nothing is live in the end.
    """
    from stack.models import retraining  # NumPy and SciPy load slowly

    config = load()
    if follow:
        with hold_interrupts() as interrupted:
            return retraining.watch(load_settings(), config, console, interrupted.wait)
    chosen = retraining.choose_model(config, service, model)
    if ended := retraining.retrain(load_settings(), config, console, chosen):
        raise typer.Exit(ended)
