"""Who was answered by what, while a flag splits users between versions."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from services.demo.flags import Flag
from services.demo.recommender.answers import Answer, Labels, Source
from services.demo.recommender.instrumentation import Recorder
from services.demo.storage.reference import UNKNOWN_SEGMENT

MOST_USERS = 200_000
"""Users that are told apart, in about 20 MB; those who come later are answered, but not counted."""


class Exposures:
    """Counts each user once, and each answer."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._flag: Flag | None = None
        self._known: set[int] = set()
        self._users: Counter[str] = Counter()

    def see(self, flag: Flag | None, answer: Answer, seconds: float) -> None:
        """Count an answer that took `seconds`; with another flag than before all users are new."""
        if flag is not self._flag:
            self._start_anew(flag)
        self._recorder.record_exposure(answer.labels, seconds)
        if answer.user_id not in self._known and len(self._known) < MOST_USERS:
            self._known.add(answer.user_id)
            version = answer.labels.version
            self._users[version] += 1
            self._recorder.record_users(version, self._users[version])

    @contextmanager
    def count_failure(self, version: str, group: str) -> Iterator[None]:
        """Count a request that gets no answer; not without a group, where no flag splits the users."""
        try:
            yield
        except Exception:
            if group:
                self._recorder.record_failure(Labels(Source.POPULAR, version, UNKNOWN_SEGMENT, group))
            raise

    def _start_anew(self, flag: Flag | None) -> None:
        for version in self._users:
            self._recorder.record_users(version, 0)
        self._flag = flag
        self._known.clear()
        self._users.clear()
