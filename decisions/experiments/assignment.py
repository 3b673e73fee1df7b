"""Who is in which experiment, and gets which variant: always the same for the same declaration.

    layer's hash of the user ──► 0 ├── experiment ──┼── another ──┤ nobody ┤ 1     nobody is in two of a layer
    experiment's hash ─────────► 0 ├── control ──┼── treatment ──┤ 1               salted: each shuffles anew

Layers are Tang, Agarwal, O'Brien and Meyer's ("Overlapping experiment infrastructure", KDD 2010).
"""

from collections.abc import Iterable, Mapping
from itertools import accumulate

from config.experiments import Experiment
from services.assignment import choose, find_place

LAYER = "layer:"
"""Before a layer's name, so that it never shuffles users like an experiment of the same name."""


def assign(experiments: Iterable[Experiment], user: str) -> dict[str, str]:
    """The variants of a user by the names of the experiments that the user is in: at most one of each layer.

    An experiment keeps its users while those before it in the file keep their traffic, and a variant while
    those before it keep their share.
    """
    layers: dict[str, list[Experiment]] = {}
    for experiment in experiments:
        layers.setdefault(experiment.layer, []).append(experiment)
    chosen = (_choose_experiment(layer, members, user) for layer, members in layers.items())
    return {found.name: choose_variant(found, user) for found in chosen if found is not None}


def choose_variant(experiment: Experiment, user: str) -> str:
    """The variant of a user who is in the experiment."""
    shares = {variant.name: variant.share for variant in experiment.variants}
    chosen = choose(find_place(experiment.hashed_with, user), _ends(shares))
    return chosen or experiment.variants[-1].name


def _choose_experiment(layer: str, members: list[Experiment], user: str) -> Experiment | None:
    parts = {experiment.name: experiment.part for experiment in members}
    chosen = choose(find_place(LAYER + layer, user), _ends(parts))
    return next((experiment for experiment in members if experiment.name == chosen), None)


def _ends(shares: Mapping[str, float]) -> Iterable[tuple[float, str]]:
    return zip(accumulate(shares.values()), shares, strict=True)
