"""Everything `whence.yaml` may say, with the defaults. Durations are seconds, shares are between 0 and 1."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, FiniteFloat, PrivateAttr, model_validator

from config.document import Document, Place
from config.errors import ConfigError, wrong
from config.experiments import Experiment, check_experiments
from config.gate import GateLimits
from config.llm import Llm
from config.objectives import WATCHED, Objectives, Service, Watched, watch
from config.prices import Prices
from config.quantities import Address, Column, Duration, Folder, Interval, Name, Share, Wait
from config.receivers import Email, Mail, MuteTime, Receiver
from config.redaction import Redaction
from config.releases import Release
from config.retraining import Retraining
from config.shadow import Shadow
from config.strict import Severity, Strict, default, require_unique
from config.topology import Topology
from config.watched_models import WatchedModels

MOST_ITEMS = 100
LONGEST_DEADLINE = 5.0
"""Seconds: as long as a fetch from storage lasts at most."""
LONGEST_WINDOW = 300.0
"""Seconds: as long as the recommender remembers its answers."""


def _check_k(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_ITEMS:
        raise wrong("is not a number of items", f"write a whole number from 1 to {MOST_ITEMS}")
    return value


class Storage(Strict):
    """Limits of the object storage."""

    deadline: Duration = default("250ms")
    """The 95th percentile above which an alert fires; as long as a request waits for a user's features."""
    average_limit: Duration = default("300ms")
    """Average over five minutes above which an alert fires."""
    deadline_misses: Share = default("5%")
    """Share of operations beyond the deadline above which an alert fires."""
    errors: Share = default("1%")
    """Share of failed operations above which an alert fires."""


class Recommendations(Strict):
    """What an answer is, and when a click counts for it."""

    k: Annotated[int, BeforeValidator(_check_k), Field(ge=1, le=MOST_ITEMS)] = 10
    """Items of an answer if the request does not say how many; also the k of the quality metrics."""
    attribution_window: Duration = default("15s")
    """A click this long after an answer still counts for it; so long it takes until its label is known."""


class Columns(Strict):
    """Names of columns in the file of ratings, where they are not well known."""

    user: Column | None = None
    item: Column | None = None
    rating: Column | None = None
    time: Column | None = None

    @model_validator(mode="after")
    def _check_each_is_another(self) -> Self:
        named = [column for _, column in self if column is not None]
        if len(set(named)) < len(named):
            raise wrong("has a column twice", "name another one for each")
        return self


class Dataset(Strict):
    """How the folder that DATASET names is read."""

    columns: Columns = default({})
    """Well-known names, such as userId, item_id, stars and timestamp, need no entry."""


class Model(Strict):
    """Limits of the demo recommender's model and data."""

    hit_rate_kept: Share = default("90%")
    """Share of the usual hit rate below which an alert fires at once."""
    ranking_kept: Share = default("85%")
    """Share of the usual NDCG, reciprocal rank, precision and click-through rate that has to be kept."""
    drift: Share = default("25%")
    """Population stability index against the training data from which a shift is large."""
    features_unusable: Share = default("5%")
    """Share of the requests that may find their user's features missing or expired."""
    feature_age: Duration = default("120s")
    """Median age of users' features from which they count as ageing: before they expire."""


class Evaluation(Strict):
    """How often rules are looked at."""

    fast: Interval = default("10s")
    """Symptoms that have to be known within a minute."""
    slow: Interval = default("60s")
    """All others."""


class Urls(Strict):
    """Where people reach the pages that alerts and dashboards link to."""

    incidents: Address = "http://127.0.0.1:8010"
    """The inbox, which serves the runbooks too."""
    grafana: Address | None = None
    """Grafana, when that is not its own port on this machine."""


class Alert(Strict):
    """What differs from one alert as it comes."""

    paused: bool = False
    """Neither evaluated nor sent."""
    threshold: FiniteFloat | None = None
    """A number in the unit of the alert's query; `make diff` shows the number that it replaces."""
    severity: Severity | None = None
    for_: Annotated[Wait | None, Field(alias="for")] = None
    """How long without a break before it fires."""


class Config(Strict):
    """What makes Whence yours; every key may be left out."""

    folder: Folder = "Whence"
    """The folder of dashboards and alert rules in Grafana."""
    tags: Annotated[tuple[Name, ...], Field(min_length=1)] = ("whence",)
    """Tags of every dashboard."""
    urls: Urls = default({})
    objectives: Objectives = default({})
    storage: Storage = default({})
    recommendations: Recommendations = default({})
    dataset: Dataset = default({})
    model: Model = default({})
    watched_models: WatchedModels = default({})
    llm: Llm = default({})
    services: tuple[Service, ...] = default(WATCHED, min_length=1)
    """Who has objectives and alerts. A list of your own replaces the default: name the recommender again."""
    topology: Topology = default({})
    experiments: tuple[Experiment, ...] = ()
    """Variants that are compared on users; `make experiments` says what came of it."""
    gate: GateLimits = default({})
    """What a version has to pass before it serves anybody."""
    release: Release = default({})
    """How `make release` makes a version live."""
    retraining: Retraining = default({})
    shadow: Shadow = default({})
    prices: Prices = default({})
    evaluation: Evaluation = default({})
    redaction: Redaction = default({})
    repeat_interval: Interval = default("4h")
    """After which an alert that still fires is sent again."""
    mute_times: tuple[MuteTime, ...] = ()
    """When receivers that name them are left in peace."""
    mail: Mail | None = None
    receivers: tuple[Receiver, ...] = ()
    """Who is told, besides the incidents page."""
    alerts: Mapping[str, Alert] = {}
    """Changes to alerts, by their name as in their runbook's address."""

    _document: Document = PrivateAttr(default=Document("whence.yaml"))

    def written_in(self, document: Document) -> Self:
        """This configuration, which tells mistakes by the lines of a document."""
        copy = self.model_copy()
        copy._document = document  # noqa: SLF001
        return copy

    def reject(self, place: Place, problem: str, allowed: str) -> ConfigError:
        """The error for a value that only its user can judge, such as an alert that does not exist."""
        return ConfigError([self._document.tell(place, problem, allowed)])

    @property
    def is_default(self) -> bool:
        """Whether there is no whence.yaml, or an empty one."""
        return not self._document.values

    @property
    def watched(self) -> tuple[Watched, ...]:
        """The services to watch with their objectives, their own and the common ones."""
        return tuple(watch(service, self.objectives) for service in self.services)

    @property
    def secrets(self) -> dict[tuple[str | int, ...], str]:
        """The environment variables that hold secrets, by the place that names them."""
        found: dict[tuple[str | int, ...], str] = {}
        for index, receiver in enumerate(self.receivers):
            found |= {("receivers", index, key): name for key, name in receiver.secrets.items()}
        if self.mail:
            found |= {("mail", key): name for key, name in self.mail.secrets.items()}
        return found

    @model_validator(mode="after")
    def _check(self) -> "Config":
        require_unique([service.name for service in self.services], ["services"], "name")
        require_unique([receiver.name for receiver in self.receivers], ["receivers"], "name")
        require_unique([muted.name for muted in self.mute_times], ["mute_times"], "name")
        check_experiments(self.experiments)
        self._check_mail()
        self._check_mute_times()
        self._check_burn_rates()
        self._check_waits()
        return self

    def _check_mail(self) -> None:
        for index, receiver in enumerate(self.receivers):
            if isinstance(receiver, Email) and not self.mail:
                allowed = "add `mail: {server: …, sender: …}` to the file"
                raise wrong("needs a mail server", allowed, ["receivers", index, "type"])

    def _check_mute_times(self) -> None:
        known = [muted.name for muted in self.mute_times]
        allowed = f"use one of: {', '.join(known)}" if known else "define it under mute_times first"
        for index, receiver in enumerate(self.receivers):
            for position, name in enumerate(receiver.mute_times):
                if name not in known:
                    raise wrong("is not a mute time", allowed, ["receivers", index, "mute_times", position])

    def _check_waits(self) -> None:
        if self.storage.deadline >= LONGEST_DEADLINE:
            problem = "is as long as a fetch from storage may last"
            raise wrong(problem, f"write less than {LONGEST_DEADLINE:g}s", ["storage", "deadline"])
        if self.recommendations.attribution_window > LONGEST_WINDOW:
            problem = "is longer than answers are remembered"
            at = ["recommendations", "attribution_window"]
            raise wrong(problem, f"write at most {LONGEST_WINDOW:g}s", at)

    def _check_burn_rates(self) -> None:
        factor = max(self.objectives.factor(rate) for rate in self.objectives.burn_rates)
        allowed = f"write more than {1 - 1 / factor:.2%}, or change objectives.burn_rates"
        problem = f"leaves so large an error budget that it can never go {factor:g} times too fast"
        for key, target in self._targets().items():
            if factor * (1 - target) >= 1:
                raise wrong(problem, allowed, key)

    def _targets(self) -> dict[tuple[str | int, ...], float]:
        common = self.objectives
        targets: dict[tuple[str | int, ...], float] = {
            ("objectives", "availability"): common.availability,
            ("objectives", "latency", "target"): common.latency.target,
            ("objectives", "freshness", "target"): common.freshness.target,
        }
        for index, service in enumerate(self.watched):
            place = ("services", index, "objectives")
            targets[*place, "availability"] = service.availability
            targets[*place, "latency", "target"] = service.latency_target
        return targets
