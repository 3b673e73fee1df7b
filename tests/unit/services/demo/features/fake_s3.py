"""A bucket behind a real HTTP server, kept in memory."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import SecretStr

from services.demo.features.bucket import Bucket
from services.demo.storage.settings import StorageSettings

NO_SUCH_KEY = b"<Error><Code>NoSuchKey</Code></Error>"


@dataclass
class FakeS3:
    """The objects by key; keys in `refuse` are answered with that status, `hang_up` ends connections."""

    objects: dict[str, bytes] = field(default_factory=dict)
    refuse: dict[str, int] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    connections: int = 0
    hang_up: bool = False
    url: str = ""

    def connect(self) -> Bucket:
        """A connection of the feature job."""
        secret = SecretStr("secret-secret")
        return Bucket(
            StorageSettings(endpoint=self.url, bucket="whence", access_key="job", secret_key=secret)
        )

    def answer(self, method: str, key: str, body: bytes) -> tuple[int, bytes]:
        if key in self.refuse:
            return self.refuse[key], b"<Error><Code>SlowDown</Code></Error>"
        if method == "PUT":
            self.objects[key] = body
            self.written.append(key)
            return 200, b""
        return (200, self.objects[key]) if key in self.objects else (404, NO_SUCH_KEY)


@contextmanager
def run_s3() -> Iterator[FakeS3]:
    """Run a bucket until the block is left."""
    fake = FakeS3()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5

        def setup(self) -> None:
            super().setup()
            fake.connections += 1

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, content = fake.answer(self.command, self.path.removeprefix("/whence/"), body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = fake.hang_up

        do_GET = do_PUT = handle_one

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        fake.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield fake
        finally:
            http.shutdown()
            http.block_on_close = False
            thread.join()
