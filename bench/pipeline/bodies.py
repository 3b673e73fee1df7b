"""Requests that are encoded once: what has to be fresh each time is written over placeholders."""

import re
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Octets = NDArray[np.uint8]

_MARK = b"\xff\xfe\xfd"
"""No UTF-8 text has it, and no length or tag of these messages."""


class Place(Enum):
    """What a placeholder stands for, and how many bytes it has."""

    TRACE = (b"T", 16)
    SPAN = (b"S", 8)
    START = (b"B", 8)
    END = (b"E", 8)

    def __init__(self, letter: bytes, width: int) -> None:
        self.letter = letter
        self.width = width

    def hold(self, number: int) -> bytes:
        """The placeholder of the value with a number."""
        return (_MARK + self.letter + number.to_bytes(4, "little")).ljust(self.width, b"\0")

    def hold_number(self, number: int) -> int:
        """The same as a fixed64."""
        return int.from_bytes(self.hold(number), "little")


class Body:
    """An encoded message with places to be filled."""

    def __init__(self, encoded: bytes) -> None:
        self._octets = np.frombuffer(encoded, np.uint8).copy()
        self._places = {place: _find(place, encoded) for place in Place}

    def fill(self, place: Place, values: Octets) -> None:
        """Write the values, one a row, over all placeholders of a kind."""
        at, numbers = self._places[place]
        self._octets[at] = values[numbers]

    def encode(self) -> bytes:
        """The message as it is now."""
        return self._octets.tobytes()


def _find(place: Place, encoded: bytes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The indices of the bytes of each placeholder, one a row, and the numbers of the values."""
    found = list(re.finditer(re.escape(_MARK + place.letter) + rb"(.{4})", encoded, re.DOTALL))
    starts = np.array([match.start() for match in found], np.intp)
    numbers = np.array([int.from_bytes(match[1], "little") for match in found], np.intp)
    return starts[:, None] + np.arange(place.width), numbers


def as_octets(numbers: NDArray[np.int64]) -> Octets:
    """Eight bytes a row, as a fixed64 has them."""
    return numbers.astype("<i8").view(np.uint8).reshape(-1, 8)
