"""`make retrain`: whether to train a model again, by the verdict; then training, gate and release.

It is this process; the automatic one is a process of the stack. What it may do is in whence.yaml, what it did
in the audit trail.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from rich.console import Console

from config import Config
from decisions.audit import Trail, TrailError
from decisions.retraining.attempts import Attempts, Told, UnderWay
from decisions.retraining.conduct import CONTROLLER, Conductor, StepFailed, Steps
from decisions.retraining.incidents import Trouble, read_troubles
from decisions.retraining.judgement import Answer, Measures, judge
from decisions.retraining.wording import describe, summarise
from diagnosis.__main__ import ask
from diagnosis.verdict.verdict import Verdict
from prometheus import indicators
from prometheus.client import Client, SourceAway, query
from services.demo.storage.artefacts import MODEL, SERVICE
from services.demo.storage.reference import UNKNOWN_SEGMENT
from stack import AUDIT_FILE, DATA, StackError
from stack.models.releases import end_abandoned, find_obstacle
from stack.models.retraining_steps import CommandSteps, RecommenderSteps, Wait, sleep
from stack.settings import Settings

ATTEMPTS_FILE = DATA / "decisions" / "retraining.json"
TOLD_FILE = ATTEMPTS_FILE.with_name("retraining-told.json")
LOOK_BACK, OF_WATCHED = 900.0, 2_400.0
"""Seconds that are diagnosed where no incident is open; labels of watched models come late."""

KNOWN_USERS = f'segment!="{UNKNOWN_SEGMENT}"'
SHORTEST = 30
"""Seconds over which a rate is known."""

EVERY = 15.0
"""Seconds between two looks of the automatic one."""


class Retraining:
    """One model of the running stack, and what may be done about it."""

    def __init__(
        self,
        settings: Settings,
        config: Config,
        console: Console,
        model: str = MODEL,
        wait: Wait = sleep,
    ) -> None:
        """Raises StackError for a model that nobody has said how to train."""
        self.model = model
        self.service = SERVICE
        self._settings, self._config, self._console = settings, config, console
        self._prometheus = Client("Prometheus", settings.url("prometheus"))
        self._inbox = Client("The inbox", settings.url("incidents"), token=settings.incidents_token)
        self._attempts = Attempts(ATTEMPTS_FILE)
        self._steps: Callable[[Verdict], Steps]
        known = {each.name: each for each in config.retraining.models}
        if self.model == MODEL:
            self._steps = lambda _: RecommenderSteps(settings, config, self._prometheus, wait)
        elif entry := known.get(self.model):
            self.service = entry.service
            self._steps = lambda verdict: CommandSteps(
                entry, config, console, self._prometheus, verdict, wait
            )
        else:
            names = ", ".join([MODEL, *known])
            raise StackError(f"how {model} is trained is not known: add it to `retraining.models` ({names})")
        self._conductor = Conductor(Trail(AUDIT_FILE), self._attempts, time.time, self.service)

    def judge(self, verdict: Verdict, now: float) -> Answer:
        """The answer to a verdict. Raises StackError."""
        try:
            outcomes = self._count_outcomes(verdict, now)
            self._conductor.end_killed()
            history = self._attempts.read()
        except (SourceAway, TrailError, ValueError) as problem:
            raise StackError(str(problem)) from None
        obstacle = find_obstacle(self._config) if self.model == MODEL else ""
        measures = Measures(outcomes, obstacle)
        return judge(verdict, measures, history, self._config.retraining, now, self.model)

    def look(self) -> list[Trouble]:
        """Open incidents about it, the worst first. Raises StackError."""
        try:
            return read_troubles(self._inbox, self.service, self.model)
        except SourceAway as away:
            raise StackError(f"{away} Is the stack up? `make status`") from None

    def find_verdict(self, now: float) -> Verdict:
        """That of the worst open incident, else of the last minutes. Raises StackError."""
        if troubles := self.look():
            return troubles[0].verdict
        watched = self.model != MODEL
        since = now - (OF_WATCHED if watched else LOOK_BACK)
        services = [self.service] if watched else []
        return ask(self._settings.url("incidents"), since, now, services, self._settings.incidents_token)

    def refuse(self, answer: Answer) -> None:
        """Record a no. Raises StackError."""
        try:
            self._conductor.refuse(self.model, answer)
        except TrailError as error:
            raise StackError(str(error)) from None

    def carry_out(self, answer: Answer) -> str:
        """Retrain; a sentence on what came. Raises StackError."""
        try:
            return self._conductor.conduct(self.model, answer, self._steps(answer.verdict)).says
        except UnderWay:
            raise StackError("another retraining is under way") from None
        except StepFailed as failed:
            raise StackError(f"{self.model} was not retrained: {failed}") from None
        except TrailError as error:
            raise StackError(f"what became of {self.model} is not recorded: {error}") from None

    def _count_outcomes(self, verdict: Verdict, now: float) -> float | None:
        """Labels of known users of the recommender since the onset; other models' training counts its own."""
        if self.model != MODEL or verdict.onset is None or now - verdict.onset < 1:
            return None
        seconds = int(now - verdict.onset)
        labelled = indicators.labelled(KNOWN_USERS, window=f"{max(SHORTEST, seconds)}s")
        found = self._prometheus.ask(query(labelled))
        return found[0].last * seconds if found else None


def choose_model(config: Config, service: str, model: str) -> str:
    """The model that is named, or the only one of a service, by default the recommender's.

    Raises StackError.
    """
    if model or service in ("", SERVICE):
        return model or MODEL
    of_service = [each.name for each in config.retraining.models if each.service == service]
    if len(of_service) != 1:
        names = ", ".join(of_service) or "none"
        raise StackError(f"name one of the models of {service} with MODEL= (`retraining.models`: {names})")
    return of_service[0]


def retrain(settings: Settings, config: Config, console: Console, model: str) -> int:
    """Judge, say why, and retrain for a yes; 0 if a version is live then, 1 for a no. Raises StackError."""
    retraining = Retraining(settings, config, console, model)
    now = time.time()
    answer = retraining.judge(retraining.find_verdict(now), now)
    console.print(describe(answer), markup=False, soft_wrap=True)
    if answer.later:
        console.print(f"Ask again at {datetime.fromtimestamp(answer.later, UTC):%H:%M:%S} UTC.")
    if not answer.retrain:
        retraining.refuse(answer)
        return 1
    console.print(retraining.carry_out(answer), markup=False, soft_wrap=True)
    return 0


def watch(settings: Settings, config: Config, console: Console, wait: Wait) -> None:
    """Look at all models until `wait` says so; each new answer to an open incident is told and recorded.

    A release that an earlier one left half done is rolled back first. Raises StackError unless whence.yaml
    allows it.
    """
    if not config.retraining.automatic:
        raise StackError("set `retraining: {automatic: true}` in whence.yaml first")
    models = [MODEL, *(each.name for each in config.retraining.models)]
    watched = [Retraining(settings, config, console, model, wait) for model in models]
    told = Told(TOLD_FILE)
    if unended := _end_left(console):
        console.print(f"whence: {unended}", markup=False, soft_wrap=True)
    console.print(f"Alerts on quality and drift of {', '.join(models)} may lead to retraining.")
    problems: dict[str, str] = {}
    while not wait(EVERY):
        unended = unended and _end_left(console)
        for each in watched:
            problem = _try_to_follow(each, told, console)
            if problem and problem != problems.get(each.model):
                console.print(f"whence: {problem}", markup=False, soft_wrap=True)
            problems[each.model] = problem


def _end_left(console: Console) -> str:
    """What keeps it from rolling back a release that was left half done, or nothing."""
    try:
        if left := end_abandoned(CONTROLLER):
            console.print(left, markup=False, soft_wrap=True)
    except StackError as problem:
        return str(problem)
    return ""


def _try_to_follow(retraining: Retraining, told: Told, console: Console) -> str:
    """What kept it from that, or nothing."""
    try:
        _follow(retraining, told, console)
    except (StackError, OSError) as problem:
        return str(problem)
    return ""


def _follow(retraining: Retraining, told: Told, console: Console) -> None:
    troubles = [trouble for trouble in retraining.look() if trouble.asks]
    known = told.read(retraining.model)
    codes = {each.incident: known[each.incident] for each in troubles if each.incident in known}
    for trouble in troubles[:1]:
        answer = retraining.judge(trouble.verdict, time.time())
        if answer.retrain:
            console.print(f"{retraining.model}: {summarise(answer)}", markup=False, soft_wrap=True)
            console.print(retraining.carry_out(answer), markup=False, soft_wrap=True)
        elif codes.get(trouble.incident) != answer.code:
            console.print(f"{retraining.model}: {summarise(answer)}", markup=False, soft_wrap=True)
            retraining.refuse(answer)
            codes[trouble.incident] = answer.code
    if codes != known:
        told.write(retraining.model, codes)
