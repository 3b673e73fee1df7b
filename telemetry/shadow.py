"""How much the answers of two versions to one request differ: what `shadow.difference` says."""

from enum import StrEnum


class ListDifference(StrEnum):
    """How two lists differ, in a word: not at all, in order only, in some items, in most."""

    MOST = "most items"
    SOME = "some items"
    ORDER = "order"
    NONE = "none"
