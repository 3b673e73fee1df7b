"""What a failed operation on object storage means, and what to do about it."""

from collections.abc import Iterator

from botocore import exceptions as b
from botocore.exceptions import ClientError
from urllib3 import exceptions as u

from services.demo.storage.client import error_code
from telemetry.storage_errors import StorageError

_CODES = {
    StorageError.THROTTLED: "SlowDown SlowDownRead SlowDownWrite ServiceUnavailable RequestLimitExceeded "
    "Throttling ThrottlingException TooManyRequests 429 503",
    StorageError.CREDENTIALS: "AccessDenied AccountProblem AllAccessDisabled ExpiredToken Forbidden "
    "InvalidAccessKeyId InvalidToken SignatureDoesNotMatch TokenRefreshRequired 401 403",
    StorageError.CLOCK_SKEW: "RequestTimeTooSkewed RequestExpired",
    StorageError.WRONG_REGION: "AuthorizationHeaderMalformed IllegalLocationConstraintException "
    "InvalidRegion PermanentRedirect TemporaryRedirect 301 307",
    StorageError.MISSING: "NoSuchBucket NoSuchKey NoSuchVersion 404",
    StorageError.CONNECTION_BROKEN: "RequestTimeout IncompleteBody",
}
"""Error codes of S3 and of servers that speak it; an answer without a body has its status for a code."""

_BY_CODE = {code: kind for kind, codes in _CODES.items() for code in codes.split()}

_BY_CLASS: tuple[tuple[StorageError, tuple[type[BaseException], ...]], ...] = (
    (StorageError.CONNECTION_POOL, (u.EmptyPoolError, u.FullPoolError)),
    (StorageError.CONNECT_TIMEOUT, (b.ConnectTimeoutError, u.ConnectTimeoutError)),
    (StorageError.READ_TIMEOUT, (b.ReadTimeoutError, u.ReadTimeoutError, TimeoutError)),
    (
        StorageError.UNREACHABLE,
        (b.EndpointConnectionError, b.ProxyConnectionError, u.NewConnectionError, ConnectionRefusedError),
    ),
    (
        StorageError.CONNECTION_BROKEN,
        (
            b.ConnectionClosedError,
            b.IncompleteReadError,
            b.ResponseStreamingError,
            b.SSLError,
            u.ProtocolError,
            u.SSLError,
            ConnectionError,
        ),
    ),
    (
        StorageError.CREDENTIALS,
        (b.NoCredentialsError, b.PartialCredentialsError, b.CredentialRetrievalError),
    ),
)
"""Exceptions by what they mean; the first that fits counts."""

_ADVICE = {
    StorageError.THROTTLED: "it asks for fewer requests: wait, or raise its limit",
    StorageError.CREDENTIALS: "check STORAGE_ACCESS_KEY and STORAGE_SECRET_KEY and what they may do",
    StorageError.CLOCK_SKEW: "set the clock of this machine",
    StorageError.WRONG_REGION: "check STORAGE_REGION",
    StorageError.MISSING: "has storage-setup run?",
}


def name_error(error: BaseException) -> StorageError:
    """What an exception of an operation means."""
    if isinstance(error, ClientError):
        return _name_answer(error)
    for each in _unwrap(error):
        for kind, classes in _BY_CLASS:
            if isinstance(each, classes) and not _is_wrapper(each):
                return kind
    is_connection = isinstance(error, b.HTTPClientError)
    return StorageError.CONNECTION_BROKEN if is_connection else StorageError.OTHER


def advise(error: BaseException) -> str:
    """What to do, in a few words."""
    return _ADVICE.get(name_error(error), "is it running, and the proxy in front of it?")


def _name_answer(error: ClientError) -> StorageError:
    status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    known = _BY_CODE.get(error_code(error)) or _BY_CODE.get(str(status))
    if known:
        return known
    return StorageError.SERVER_ERROR if status >= 500 else StorageError.REJECTED


def _is_wrapper(error: BaseException) -> bool:
    """botocore puts what it does not know into a plain HTTPClientError."""
    return type(error) is b.HTTPClientError


def _unwrap(error: BaseException) -> Iterator[BaseException]:
    """The exception and those it was made of."""
    found: BaseException | None = error
    for _ in range(5):
        if found is None:
            return
        yield found
        found = getattr(found, "kwargs", {}).get("error") or found.__cause__ or found.__context__
