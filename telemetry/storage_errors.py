"""The values of `error.type` on spans and metrics of object storage."""

from enum import StrEnum


class StorageErrorType(StrEnum):
    """Why an operation failed, by who has to act."""

    THROTTLED = "throttled"
    """Storage asks for fewer requests: SlowDown, ServiceUnavailable."""
    CREDENTIALS = "credentials"
    """Keys are wrong or expired, or lack a permission: AccessDenied, ExpiredToken, InvalidAccessKeyId."""
    CLOCK_SKEW = "clock_skew"
    """The client's clock is wrong, or a request was sent long after it was signed: RequestTimeTooSkewed."""
    WRONG_REGION = "wrong_region"
    """The bucket is in another region than the request was signed for: AuthorizationHeaderMalformed."""
    MISSING = "missing"
    """The bucket does not exist. An absent object is not an error: a new user has no features."""
    UNREACHABLE = "unreachable"
    """The connection is refused, or the host name unknown."""
    CONNECTION_BROKEN = "connection_broken"
    """The connection ended before the response did: IncompleteRead, ConnectionClosed, ProtocolError."""
    CONNECTION_POOL = "connection_pool"
    """The client's own pool had no free connection."""
    CONNECT_TIMEOUT = "connect_timeout"
    READ_TIMEOUT = "read_timeout"
    HARD_LIMIT = "hard_limit"
    """The recommender gave up waiting."""
    SERVER_ERROR = "server_error"
    """Any other status from 500 on."""
    REJECTED = "rejected"
    """Any other status below 500."""
    OTHER = "_OTHER"
    """OpenTelemetry's value for anything else."""
