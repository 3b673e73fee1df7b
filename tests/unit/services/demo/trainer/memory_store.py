"""An object store in memory that remembers the order of writes and can fail on purpose."""

import io
from collections.abc import Mapping
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError

from services.demo.storage.client import GetObjectOutput


def refuse(code: str, status: int) -> ClientError:
    """The error boto3 raises for an answer with that code and HTTP status."""
    metadata: Any = {"HTTPStatusCode": status}
    return ClientError({"Error": {"Code": code, "Message": code}, "ResponseMetadata": metadata}, "Operation")


class MemoryStore:
    """What Whence uses of S3, for one bucket; a write of `deny_key` is answered AccessDenied."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.written: list[str] = []
        self.deny_key: str | None = None
        self._lock = Lock()

    def get_object(self, *, Bucket: str, Key: str) -> GetObjectOutput:
        if Key not in self.objects:
            raise refuse("NoSuchKey", 404)
        return {"Body": io.BytesIO(self.objects[Key])}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> Mapping[str, Any]:
        if Key == self.deny_key:
            raise refuse("AccessDenied", 403)
        with self._lock:
            self.objects[Key] = Body
            self.written.append(Key)
        return {}

    def head_bucket(self, *, Bucket: str) -> Mapping[str, Any]:
        return {}

    def create_bucket(self, *, Bucket: str) -> Mapping[str, Any]:
        return {}
