"""What a pack adds to a diagnosis by topology: queries, causes, and a look of its own."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from diagnosis.signals.series import AlignedSeries
from diagnosis.topology.causes import Cause
from diagnosis.topology.finding import Seen
from diagnosis.topology.queries import Batch, Present
from diagnosis.topology.ranking import Explain, Explained
from diagnosis.topology.scope import Scope
from diagnosis.verdict.verdict import Verdict


class Asked(NamedTuple):
    """What a diagnosis by topology asks about: a window of `seconds`, and the services in `scope`.

    `present` tells who is there, as `ask_presence` does; `where` are matchers of the services.
    """

    present: AlignedSeries
    scope: Scope
    where: Sequence[str]
    seconds: float


class Examined(Protocol):
    """What an addition found of the services that are examined."""

    @property
    def services(self) -> Collection[str]:
        """Those of which it knows anything."""

    @property
    def impact(self) -> float:
        """How much users notice."""

    def report(self, seen: Seen, others: Sequence[Explained]) -> Verdict | None:
        """The verdict where it has a cause; None where others, the surest first, are surer."""

    def report_calm(self, alerted_at: float | None) -> Verdict | None:
        """The verdict where nothing got worse that is explained; None where it knows nothing of it."""


@dataclass(frozen=True)
class Addition:
    """A pack that adds to the topology where its telemetry is there, and competes with its causes.

    `ask` has its queries about a scope, none where they would find nothing. `present` finds services that
    neither serve nor call. `causes` are those of suspects of a kind, instead of the topology's. `examine`
    looks at some services beside it, with an alert in Unix seconds.
    """

    ask: Callable[[Asked], Batch]
    present: Present | None = None
    causes: Mapping[str, Sequence[Cause]] = field(default_factory=dict)
    examine: Callable[[Seen, Explain, Collection[str], float | None], Examined] | None = None
