"""The error type of a failed operation on object storage, and what to do about it."""

from collections.abc import Iterator

from botocore import exceptions as b
from urllib3 import exceptions as u

from services.demo.storage.client import error_code
from telemetry.storage_errors import StorageErrorType as Type

_CODES = {
    Type.THROTTLED: "SlowDown SlowDownRead SlowDownWrite ServiceUnavailable RequestLimitExceeded "
    "Throttling ThrottlingException TooManyRequests 429",
    Type.CREDENTIALS: "AccessDenied AccountProblem AllAccessDisabled ExpiredToken Forbidden "
    "InvalidAccessKeyId InvalidToken SignatureDoesNotMatch TokenRefreshRequired 401 403",
    Type.CLOCK_SKEW: "RequestTimeTooSkewed RequestExpired",
    Type.WRONG_REGION: "AuthorizationHeaderMalformed IllegalLocationConstraintException "
    "InvalidRegion PermanentRedirect TemporaryRedirect 301 307",
    Type.MISSING: "NoSuchBucket NoSuchKey NoSuchVersion 404",
    Type.CONNECTION_BROKEN: "RequestTimeout IncompleteBody",
}
"""S3's error codes; the code of an answer without a body is its status. A 503 without one of these codes is
a server that is not ready, not one that throttles."""

_TYPE_OF_CODE = {code: kind for kind, codes in _CODES.items() for code in codes.split()}

_TYPE_OF_EXCEPTION: dict[Type, tuple[type[BaseException], ...]] = {
    Type.CONNECTION_POOL: (u.EmptyPoolError, u.FullPoolError),
    Type.CONNECT_TIMEOUT: (b.ConnectTimeoutError, u.ConnectTimeoutError),
    Type.READ_TIMEOUT: (b.ReadTimeoutError, u.ReadTimeoutError, TimeoutError),
    Type.UNREACHABLE: (
        b.EndpointConnectionError,
        b.ProxyConnectionError,
        u.NewConnectionError,
        ConnectionRefusedError,
    ),
    Type.CONNECTION_BROKEN: (
        b.ConnectionClosedError,
        b.IncompleteReadError,
        b.ResponseStreamingError,
        b.SSLError,
        u.ProtocolError,
        u.SSLError,
        ConnectionError,
    ),
    Type.CREDENTIALS: (b.NoCredentialsError, b.PartialCredentialsError, b.CredentialRetrievalError),
}
"""The first match counts."""

_ADVICE = {
    Type.THROTTLED: "it asks for fewer requests: wait, or raise its limit",
    Type.CREDENTIALS: "check STORAGE_ACCESS_KEY, STORAGE_SECRET_KEY and the permissions of their user",
    Type.CLOCK_SKEW: "correct the clock of this host",
    Type.WRONG_REGION: "check STORAGE_REGION",
    Type.MISSING: "has storage-setup run?",
}


def find_error_type(error: BaseException) -> Type:
    """The error type of an exception that an operation raised."""
    if isinstance(error, b.ClientError):
        return _find_type_of_answer(error)
    for each in _unwrap(error):
        for kind, classes in _TYPE_OF_EXCEPTION.items():
            if isinstance(each, classes):
                return kind
    return Type.CONNECTION_BROKEN if isinstance(error, b.HTTPClientError) else Type.OTHER


def advise(error: BaseException | None) -> str:
    """What to do, in a few words."""
    kind = find_error_type(error) if error else Type.OTHER
    return _ADVICE.get(kind, "is it running, and the proxy in front of it?")


def _find_type_of_answer(error: b.ClientError) -> Type:
    status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    known = _TYPE_OF_CODE.get(error_code(error)) or _TYPE_OF_CODE.get(str(status))
    return known or (Type.SERVER_ERROR if status >= 500 else Type.REJECTED)


def _unwrap(error: BaseException) -> Iterator[BaseException]:
    """The exception and its causes; botocore keeps the cause in `kwargs`."""
    found: object = error
    for _ in range(5):
        if not isinstance(found, BaseException):
            return
        yield found
        found = getattr(found, "kwargs", {}).get("error") or found.__cause__ or found.__context__
