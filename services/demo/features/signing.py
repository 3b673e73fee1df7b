"""Signatures of requests to S3, by Amazon's "Authenticating Requests (AWS Signature Version 4)"."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime

SERVICE = "s3"


@dataclass(frozen=True)
class Signer:
    """Signs with one pair of keys, for one region."""

    access_key: str
    secret_key: str
    region: str = "us-east-1"

    def sign(self, method: str, host: str, path: str, body: bytes, now: datetime) -> dict[str, str]:
        """The headers of a request without query whose `path` needs no escaping; valid for 15 minutes."""
        time = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{time[:8]}/{self.region}/{SERVICE}/aws4_request"
        headers = {"host": host, "x-amz-content-sha256": _hash(body), "x-amz-date": time}
        names = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        request = f"{method}\n{path}\n\n{lines}\n{names}\n{headers['x-amz-content-sha256']}"
        text = f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{_hash(request.encode())}"
        key = f"AWS4{self.secret_key}".encode()
        for part in scope.split("/"):
            key = _mac(key, part)
        signature = _mac(key, text).hex()
        credential = f"Credential={self.access_key}/{scope}"
        authorization = f"AWS4-HMAC-SHA256 {credential},SignedHeaders={names},Signature={signature}"
        return headers | {"authorization": authorization}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
