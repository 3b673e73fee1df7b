"""One version's features, written again and again.

worker 1  ─ row 0 ── row 8 ── row 16 ─ …  ┐
worker 2  ─ row 1 ── row 9 ── row 17 ─ …  ├ the first time within seconds, then spread over the interval:
   …                                      ┘ writing features should not affect storage

Workers that are late, for storage was away, write all within seconds again: nobody's features stay old.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from threading import Event, Thread

from services.demo.features.bucket import Bucket, BucketError
from services.demo.storage.artefacts import features_key
from services.demo.storage.offline import OfflineFeatures

WORKERS = 8
SPREAD = 0.8
"""The part of the interval over which writes are spread; the rest is reserve."""
FIRST_SPREAD = 2.5
"""Seconds over which the first writes are spread. With the time to notice a new version, this is less than
the recommender's poll interval, after which the version answers."""
STOP_SECONDS = 2.0
PAUSE = 1.0
"""Seconds between tries while storage is away."""


class Materialisation:
    """Workers that write the features of every user of a version each `interval` seconds until stopped.

    They began at `begun`, Unix time. `counts` has what was `written` and what `failed`, `problem` the last
    failure; what is refused is tried again an interval later.
    """

    def __init__(
        self,
        version: str,
        features: OfflineFeatures,
        segments: Sequence[str],
        connect: Callable[[], Bucket],
        interval: float,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.problem: str | None = None
        self.begun = time.time()
        self._version = version
        self._features = features
        self._segments = segments
        self._interval = interval
        self._stopping = Event()
        self._complete = [Event() for _ in range(min(WORKERS, len(features)))]
        self._threads = [
            Thread(target=self._work, args=(number, connect()), daemon=True)
            for number in range(len(self._complete))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def complete(self) -> bool:
        """Whether every user's features have been written at least once."""
        return all(done.is_set() for done in self._complete)

    def stop(self) -> None:
        """Let the workers end, and wait for that, 2 s at most: a write may be hanging."""
        self._stopping.set()
        end = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _work(self, number: int, bucket: Bucket) -> None:
        rows = range(number, len(self._features), WORKERS)
        begun, seconds = time.monotonic(), FIRST_SPREAD
        while not self._stopping.is_set():
            if self._write_spread(bucket, rows, begun, seconds):
                self._complete[number].set()
            begun += self._interval
            late = time.monotonic() > begun
            begun, seconds = (time.monotonic(), FIRST_SPREAD) if late else (begun, SPREAD * self._interval)
        bucket.close()

    def _write_spread(self, bucket: Bucket, rows: range, begun: float, seconds: float) -> bool:
        """Write `rows`, each at its place in the `seconds` from `begun` on; whether all could be written."""
        written = 0
        for row in rows:
            due = begun + seconds * row / len(self._features)
            self._stopping.wait(max(0.0, due - time.monotonic()))
            written += self._write(bucket, row)
        return written == len(rows)

    def _write(self, bucket: Bucket, row: int) -> bool:
        """Write one user's features; storage that is away is waited for, one interval at most."""
        key = features_key(self._version, int(self._features.user_ids[row]))
        end = time.monotonic() + self._interval
        while not self._stopping.is_set():
            try:
                bucket.write(key, self._features.encode(row, self._segments, time.time()))
                self.counts["written"] += 1
                return True
            except BucketError as error:
                self.counts["failed"] += 1
                self.problem = str(error)
                if not error.away or time.monotonic() > end:
                    return False
            self._stopping.wait(PAUSE)
        return False
