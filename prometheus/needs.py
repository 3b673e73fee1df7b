"""What the data of a query comes from, where not every stack has that."""

from enum import StrEnum


class Need(StrEnum):
    """Without a need, data is there some minutes after the stack's start."""

    KAFKA = "kafka"
    OBJECT_STORAGE = "object storage"
    """The stack's own."""
    SHADOW = "shadow"
    """A version in the shadow."""
    LANGUAGE_MODEL = "language model"
    """Calls of one."""
    WATCHED_MODEL = "watched model"
    """One whose task and past give this."""
