"""Which versions are in use, and one materialisation for each."""

import time
from collections.abc import Callable

import structlog
from pydantic import ValidationError

from services.demo.features.bucket import Bucket, BucketError
from services.demo.features.materialisation import Materialisation
from services.demo.flags.file import FlagFile, ShadowFile
from services.demo.storage.artefacts import (
    LIVE_KEY,
    LivePointer,
    Materialised,
    ModelCard,
    card_key,
    materialised_key,
)
from services.demo.storage.offline import CorruptFeatures, OfflineFeatures, offline_key

log = structlog.get_logger()


class Unusable(RuntimeError):
    """A version whose features cannot be written; the message says why and what to do."""


class Job:
    """Follows live.json, the flag file and the shadow's.

    The versions are as many as a flag may name, the live one, and the one in the shadow.
    """

    def __init__(
        self, connect: Callable[[], Bucket], flags: FlagFile, shadow: ShadowFile, interval: float
    ) -> None:
        self._connect = connect
        self._bucket = connect()
        self._flags = flags
        self._shadow = shadow
        self._interval = interval
        self._live: str | None = None
        self._running: dict[str, tuple[str, Materialisation]] = {}
        self._announced: set[str] = set()
        self._problems: dict[str, str] = {}

    @property
    def ready(self) -> bool:
        """Whether the features of every version in use have been written at least once."""
        return bool(self._running) and all(each.complete for _, each in self._running.values())

    def follow(self) -> None:
        """Begin with versions that came into use or were published anew, end with those no longer in use."""
        wanted = self._find_versions()
        for version in self._running.keys() - wanted:
            self._running.pop(version)[1].stop()
            log.info("no longer in use", version=version)
        for version in wanted:
            try:
                self._ensure(version)
                self._announce(version)
                self._problems.pop(version, None)
            except (BucketError, Unusable) as error:
                self._report(version, str(error))

    def summarise(self) -> None:
        """Log what was written since the last time."""
        for version, (_, running) in self._running.items():
            counts, running.counts = running.counts, type(running.counts)()
            say = log.warning if counts["failed"] else log.info
            say("features", version=version, **counts, problem=running.problem if counts["failed"] else None)

    def stop(self) -> None:
        for _, running in self._running.values():
            running.stop()
        self._bucket.close()

    def _find_versions(self) -> set[str]:
        try:
            content = self._bucket.read(LIVE_KEY)
            self._live = LivePointer.model_validate_json(content).version if content else self._live
            self._problems.pop(LIVE_KEY, None)
        except (BucketError, ValidationError) as error:
            self._report(LIVE_KEY, " ".join(str(error).split()))
        flag, shadow = self._flags.read(), self._shadow.read()
        named = {*(flag.variants.values() if flag else ()), self._live, shadow.version if shadow else None}
        return {version for version in named if version}

    def _ensure(self, version: str) -> None:
        card = self._read_card(version)
        checksum, running = self._running.get(version, ("", None))
        if running and checksum == card.offline_sha256:
            return
        features = self._read_features(card)
        if running:
            running.stop()
        started = Materialisation(version, features, card.segments, self._connect, self._interval)
        self._running[version] = card.offline_sha256, started
        self._announced.discard(version)
        log.info("in use", version=version, users=len(features))

    def _announce(self, version: str) -> None:
        """Say once in the bucket that all features are there: the recommender waits for that."""
        running = self._running[version][1]
        if version in self._announced or not running.complete:
            return
        self._bucket.write(
            materialised_key(version), Materialised(computed_at=running.begun).model_dump_json().encode()
        )
        self._announced.add(version)
        log.info("all features written", version=version, seconds=round(time.time() - running.begun, 1))

    def _read_card(self, version: str) -> ModelCard:
        content = self._bucket.read(card_key(version))
        try:
            card = ModelCard.model_validate_json(content or b"")
        except ValidationError:
            raise Unusable(f"{version} has no valid card; run the trainer") from None
        if not card.offline_sha256:
            raise Unusable(f"{version} is from before there were offline features; run the trainer")
        return card

    def _read_features(self, card: ModelCard) -> OfflineFeatures:
        content = self._bucket.read(offline_key(card.version))
        try:
            return OfflineFeatures.from_bytes(content or b"", card.offline_sha256)
        except CorruptFeatures as error:
            raise Unusable(f"{card.version}: {error}; train it again") from error

    def _report(self, what: str, problem: str) -> None:
        """Say once of a version, or of live.json, why features cannot be written."""
        if self._problems.get(what) != problem:
            self._problems[what] = problem
            log.error("features cannot be written", of=what, problem=problem)
