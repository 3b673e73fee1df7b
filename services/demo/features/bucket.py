"""Objects of a bucket over one connection, in a fraction of the memory and processor time boto3 takes."""

from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from services.demo.features.signing import Signer
from services.demo.storage.settings import StorageSettings

TIMEOUT = 5.0
TRIES = 2
"""A kept connection may have been closed by the other side: then a new one is tried."""


class BucketError(RuntimeError):
    """An operation that failed; the message says why, `away` whether it may succeed later."""

    def __init__(self, message: str, *, away: bool) -> None:
        super().__init__(message)
        self.away = away


class Bucket:
    """Reads and writes whole objects; for one thread at a time."""

    def __init__(self, settings: StorageSettings) -> None:
        address = urlsplit(settings.endpoint)
        kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
        virtual = settings.addressing == "virtual"
        self._host = f"{settings.bucket}.{address.netloc}" if virtual else address.netloc
        self._path = "" if virtual else f"/{settings.bucket}"
        self._connection = kind(self._host, timeout=TIMEOUT)
        secret = settings.secret_key.get_secret_value()
        self._signer = Signer(settings.access_key, secret, settings.region)

    def read(self, key: str) -> bytes | None:
        """An object's content, None where there is none. Raises `BucketError`."""
        status, content = self._send("GET", key, b"")
        if status == 404 and b"NoSuchKey" in content:
            return None
        return _accept("GET", key, status, content)

    def write(self, key: str, content: bytes) -> None:
        """Store an object. Raises `BucketError`."""
        status, answer = self._send("PUT", key, content)
        _accept("PUT", key, status, answer)

    def close(self) -> None:
        self._connection.close()

    def _send(self, method: str, key: str, body: bytes) -> tuple[int, bytes]:
        path = f"{self._path}/{key}"
        for tries_left in reversed(range(TRIES)):
            headers = self._signer.sign(method, self._host, path, body, datetime.now(UTC))
            try:
                self._connection.request(method, path, body, headers)
                response = self._connection.getresponse()
                return response.status, response.read()
            except (OSError, HTTPException) as error:
                self._connection.close()
                if not tries_left:
                    raise BucketError(
                        f"{method} {key}: {type(error).__name__}: {error}", away=True
                    ) from error
        raise AssertionError("unreachable")


def _accept(method: str, key: str, status: int, content: bytes) -> bytes:
    if status != 200:
        said = content[:200].decode(errors="replace")
        raise BucketError(f"{method} {key}: HTTP {status}: {said}", away=status >= 500)
    return content
