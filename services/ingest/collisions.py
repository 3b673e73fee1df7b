"""Two writers under one identity: what one counts falls below what the other has counted.

A cumulative counter falls when its process restarts; then the new count starts after the last point of the
old one. A count that falls, or whose start goes back, while it started before the last point was made, comes
from a second writer.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

EVIDENCE = 3
WINDOW = 300.0
"""So many falls of one series within so many seconds are a collision: SDKs send every 60 s unless told."""

TRACKED = 16
IDENTITIES = 1024
"""Series that are looked at per identity, and identities."""


@dataclass(slots=True)
class _Track:
    start: int
    time: int
    value: float
    seen: float
    falls: deque[float] = field(default_factory=lambda: deque(maxlen=EVIDENCE))

    def look(self, start: int, time: int, value: float, now: float) -> bool:
        """Whether this point makes it certain that there are two writers; times in ns, `now` in s."""
        if time < self.time:
            return False  # late or sent again: says nothing
        falls = start < self.time and (value < self.value or start < self.start)
        self.start, self.time, self.value, self.seen = start, time, value, now
        if falls:
            self.falls.append(now)
        return falls and len(self.falls) == EVIDENCE and now - self.falls[0] <= WINDOW


class Collisions:
    """Looks at a few counters of each identity."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._identities: OrderedDict[int, dict[int, _Track]] = OrderedDict()

    def look(self, identity: int, series: int, start: int, time: int, value: float) -> bool:
        """Whether a point of a cumulative, monotonic series shows a second writer; times in ns."""
        now = self._clock()
        tracks = self._tracks(identity)
        if series in tracks:
            track = tracks[series] = tracks.pop(series)  # the first is the one not seen for longest
            return track.look(start, time, value, now)
        if len(tracks) < TRACKED or _forgets_one(tracks, now):
            tracks[series] = _Track(start, time, value, now)
        return False

    def _tracks(self, identity: int) -> dict[int, _Track]:
        tracks = self._identities.setdefault(identity, {})
        self._identities.move_to_end(identity)
        if len(self._identities) > IDENTITIES:
            self._identities.popitem(last=False)
        return tracks


def _forgets_one(tracks: dict[int, _Track], now: float) -> bool:
    oldest = next(iter(tracks))
    silent = now - tracks[oldest].seen > WINDOW
    if silent:
        del tracks[oldest]
    return silent
