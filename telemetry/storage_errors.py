"""Why an operation on object storage failed: the values of `error.type` on its spans and metrics."""

from enum import StrEnum


class StorageError(StrEnum):
    """What went wrong, by who has to act."""

    THROTTLED = "throttled"
    """Storage asks for fewer requests: SlowDown, ServiceUnavailable."""
    CREDENTIALS = "credentials"
    """The keys are wrong, expired or may not: AccessDenied, ExpiredToken, InvalidAccessKeyId."""
    CLOCK_SKEW = "clock_skew"
    """Our own clock is wrong, or the request left long after it was signed: RequestTimeTooSkewed."""
    WRONG_REGION = "wrong_region"
    """The bucket is in another region than the request was signed for: AuthorizationHeaderMalformed."""
    MISSING = "missing"
    """There is no such bucket. An object that is not there is no error: a new user has no features."""
    UNREACHABLE = "unreachable"
    """No connection is to be had: refused, or the name is unknown."""
    CONNECTION_BROKEN = "connection_broken"
    """A connection ended before the answer did: IncompleteRead, ConnectionClosed, ProtocolError."""
    CONNECTION_POOL = "connection_pool"
    """No connection of the client's own pool was free."""
    CONNECT_TIMEOUT = "connect_timeout"
    READ_TIMEOUT = "read_timeout"
    HARD_LIMIT = "hard_limit"
    """The recommender gave up waiting."""
    SERVER_ERROR = "server_error"
    """Any other status from 500 on."""
    REJECTED = "rejected"
    """Any other status from 400 on."""
    OTHER = "_OTHER"
    """Anything else, by OpenTelemetry's name for it."""
