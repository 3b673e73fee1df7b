"""Who changed what about models, when and why: an append-only trail, chained by hashes."""

from decisions.audit.entry import Action, Change, Entry, read_shares, write_reason
from decisions.audit.trail import Trail, TrailBroken, TrailError, Verified

__all__ = [
    "Action",
    "Change",
    "Entry",
    "Trail",
    "TrailBroken",
    "TrailError",
    "Verified",
    "read_shares",
    "write_reason",
]
