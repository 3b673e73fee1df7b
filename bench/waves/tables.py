"""What the page said in each case, for the screen and for docs/benchmark.md."""

from collections.abc import Sequence

from bench.incidents.tables import NOTHING, Table
from bench.waves.case import KINDS, WavesRun

NOT_YET = "not run yet"


def tabulate(runs: Sequence[WavesRun]) -> list[Table]:
    """Every case, run or not, then every run."""
    rows = [_row(name, [run for run in runs if run.case.name == name]) for name in KINDS]
    columns = (
        "what happens",
        "as it should be",
        "headline",
        "each trouble its own",
        "`none` in spite of impact",
    )
    tables = [Table("Incidents with more than one trouble", columns, rows)]
    if runs:
        each = ("run", "lasted", "hit rate before", "in each trouble", "headline", "waves", "as it should be")
        tables.append(Table("Incidents with more than one trouble: every run", each, list(map(_tell, runs))))
    return tables


def _row(name: str, runs: Sequence[WavesRun]) -> tuple[str, ...]:
    if not runs:
        return (KINDS[name].tells, NOT_YET, NOTHING, NOTHING, NOTHING)
    counts = (
        [run.right for run in runs],
        [run.headline_right for run in runs],
        [run.waves_right for run in runs],
    )
    cleared = f"{sum(run.cleared for run in runs)} of {sum(run.looks for run in runs):,} looks"
    return (KINDS[name].tells, *(f"{sum(each)} of {len(runs)}" for each in counts), cleared)


def _tell(run: WavesRun) -> tuple[str, ...]:
    began = run.troubles[0].at
    headlines = {wave.incident: wave.headline or "no verdict" for wave in run.waves}
    waves = [f"{wave.began - began:.0f} s {wave.cause} {wave.confidence:.0%}" for wave in run.waves]
    return (
        run.case.id,
        f"{(run.mended - began) / 60:.0f} min",
        f"{run.before.value:.1%}" if run.before else NOTHING,
        ", ".join(f"{begun.users.value:.1%}" for begun in run.troubles),
        ", ".join(headlines.values()) or "no incident",
        ", ".join(waves) or NOTHING,
        "yes" if run.right else "NO",
    )
