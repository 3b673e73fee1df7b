"""`make gate`: whether a version may serve users, and who let it through that may not."""

import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue, ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from config import Config
from decisions.audit import Action, Change, Trail, TrailError
from decisions.gate.card import InvalidCard, read_card
from decisions.gate.check import Check
from decisions.gate.judgement import Report, judge
from services.demo.features.bucket import Bucket, BucketError
from services.demo.storage.artefacts import LIVE_KEY, LivePointer, ModelCard, card_key
from services.demo.trainer.parameters import CANDIDATE
from stack import AUDIT_FILE, StackError
from stack.models.cards import Read, read_cards
from stack.models.records import explain_invalid
from stack.storage.bucket import find_storage

GATE = "gate"
"""Its name in the audit trail."""
MOST_TOLD = 30
"""Failed checks that the trail keeps."""


@dataclass(frozen=True)
class Gate:
    """The gate as a command has it; `override` is a name, a colon and a reason, or empty."""

    config: Config
    console: Console
    override: str = ""

    def admit(self, version: str) -> None:
        """Judge a stored version (empty: the trainer's candidate), print the report, record what comes of it.

        Raises StackError for a version that may not serve.
        """
        self._settle(examine(self.config, version))

    def admit_file(self, candidate: Path, live: Path) -> None:
        """The same for a version of any model, by the files of its card and of the live version's."""
        try:
            cards = read_card(candidate), read_card(live)
        except InvalidCard as error:
            raise StackError(str(error)) from None
        self._settle(judge(*cards, self.config.gate, time.time()))

    def _settle(self, report: Report) -> None:
        show(report, self.console)
        self.console.print(Text(settle(report, self.override)))


def examine(config: Config, version: str) -> Report:
    """Judge a stored version (empty: the trainer's candidate) beside the live one. Raises StackError."""
    try:
        bucket = Bucket(find_storage())
        try:
            return judge_stored(config, bucket.read, version)
        finally:
            bucket.close()
    except BucketError as error:
        raise StackError(f"object storage cannot be used ({error}): is the stack up? `make status`") from None


def judge_stored(config: Config, read: Read, version: str) -> Report:
    """The same of versions whose objects `read` returns."""
    try:
        live = LivePointer.model_validate_json(read(LIVE_KEY) or b"").version
        dataset = ModelCard.model_validate_json(read(card_key(live)) or b"").dataset_id
    except ValidationError:
        raise StackError("no version is live: has the trainer run? `make logs SERVICE=trainer`") from None
    cards = read_cards(read, version or CANDIDATE.version(dataset), live, config.recommendations.k)
    return judge(*cards, config.gate, time.time())


def settle(report: Report, override: str = "") -> str:
    """Record what comes of a report; a sentence saying so.

    `override` is a name, a colon and a reason, or empty. Raises StackError for a version that may not serve.
    """
    who, why = parse_override(override) if override else (GATE, "")
    checks, failed = len(report.checks), len(report.failures)
    if report.passed:
        _record(GATE, "gate.passed", report, "")
        return f"{report.candidate} may serve users: all {checks} checks passed."
    if not override:
        _record(GATE, "gate.refused", report, "")
        raise StackError(
            f"{report.candidate} may not serve users: {failed} of {checks} checks failed. Limits are under "
            '`gate:` in whence.yaml; to let it through, OVERRIDE="your name: the reason"'
        )
    _record(who, "gate.overridden", report, why)
    return (
        f"{report.candidate} may serve users by the word of {who}: {why}. {failed} of {checks} checks failed."
    )


def parse_override(text: str) -> tuple[str, str]:
    """Name and reason. Raises StackError unless both are there."""
    who, _, why = (part.strip() for part in text.partition(":"))
    if not who or not why:
        raise StackError('OVERRIDE="your name: the reason" needs both, with a colon between them')
    return who, why


def show(report: Report, console: Console) -> None:
    """Print a line for each check, those that failed first."""
    table = Table("", "check", "found", box=None)
    for check in sorted(report.checks, key=lambda check: check.passed):
        sign = Text("✓", "green") if check.passed else Text("✗", "bold red")
        table.add_row(sign, Text(check.name), Text(check.sentence))
    console.print(Text.assemble((report.candidate, "bold"), f" beside {report.live}, which is live"))
    console.print(table)


def _record(who: str, what: Action, report: Report, why: str) -> None:
    try:
        change = Change(
            who=who,
            what=what,
            subject=report.candidate,
            service=report.service or None,
            model=report.model or None,
            why=why,
            evidence=_tell(report),
        )
        Trail(AUDIT_FILE).append(change)
    except ValidationError as refused:
        raise StackError(explain_invalid(refused)) from None
    except TrailError as error:
        raise StackError(f"{error}; nothing is let through without a record") from None


def _tell(report: Report) -> JsonValue:
    failed = [_tell_check(check) for check in report.failures[:MOST_TOLD]]
    return {
        "live": report.live,
        "checks": len(report.checks),
        "failed": len(report.failures),
        "which": failed,
    }


def _tell_check(check: Check) -> JsonValue:
    return {"check": check.name[:100], "value": check.value, "limit": check.limit}
