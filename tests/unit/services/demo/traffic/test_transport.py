"""Requests over kept connections, and what becomes of them when the other side misbehaves."""

import asyncio

import httpx
import pytest

from services.demo.traffic import transport
from services.demo.traffic.transport import PlainTransport
from tests.ports import refusing_port

GOOD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n"


class Server:
    """Answers each request on a connection with the next of `answers`, the last one for ever."""

    def __init__(self, *answers: bytes, close: bool = False) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = self.open = 0
        self._close = close

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((int(h.split(b":")[1]) for h in head.split(b"\r\n") if b"ength" in h), 0)
                self.requests.append(head + await reader.readexactly(length))
                writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
                if self._close:
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()
            self.open -= 1


def ask(server: Server, times: int = 1, read: float = 5.0) -> list[httpx.Response]:
    async def run() -> list[httpx.Response]:
        async with await asyncio.start_server(server, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            base, timeout = f"http://127.0.0.1:{port}", httpx.Timeout(5.0, read=read)
            kept = PlainTransport()
            try:
                async with httpx.AsyncClient(transport=kept, base_url=base, timeout=timeout) as client:
                    return [await client.post("/a", params={"k": 10}, json={"b": 1}) for _ in range(times)]
            finally:
                while server.open:
                    await asyncio.sleep(0.001)

    return asyncio.run(run())


def test_a_request_arrives_as_it_was_sent_and_its_answer_as_well() -> None:
    server = Server(GOOD + b'{"c": 2}')
    (answer,) = ask(server)
    assert (answer.status_code, answer.json()) == (200, {"c": 2})
    assert server.requests[0].startswith(b"POST /a?k=10 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert server.requests[0].endswith(b'\r\n\r\n{"b":1}')


def test_a_connection_is_kept_and_used_again() -> None:
    server = Server(GOOD + b'{"c": 2}')
    assert len(ask(server, times=5)) == 5
    assert server.connections == 1


def test_an_old_connection_gives_way_to_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LIFETIME", 0.0)
    server = Server(GOOD + b'{"c": 2}')
    assert len(ask(server, times=3)) == 3
    assert server.connections == 3


def test_a_connection_that_was_closed_is_not_used_again() -> None:
    server = Server(GOOD.replace(b"OK\r\n", b"OK\r\nconnection: close\r\n") + b'{"c": 2}', close=True)
    assert [answer.status_code for answer in ask(server, times=3)] == [200] * 3
    assert server.connections == 3


def test_an_error_is_an_answer_too() -> None:
    server = Server(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n")
    assert ask(server)[0].status_code == 503


def test_an_answer_in_chunks_is_whole() -> None:
    chunks = b'4\r\n{"c"\r\n4\r\n: 2}\r\n0\r\n\r\n'
    server = Server(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks)
    assert ask(server)[0].json() == {"c": 2}


@pytest.mark.parametrize("answer", [b"", GOOD + b"{", b"SSH-2.0-nonsense\r\n\r\n"])
def test_an_answer_that_breaks_off_is_an_error(answer: bytes) -> None:
    with pytest.raises(httpx.ReadError):
        ask(Server(answer, close=True))


def test_an_answer_that_does_not_come_is_given_up() -> None:
    with pytest.raises(httpx.ReadTimeout):
        ask(Server(b""), read=0.05)


def test_nobody_listening_is_an_error() -> None:
    async def run(port: int) -> None:
        async with httpx.AsyncClient(transport=PlainTransport()) as client:
            await client.get(f"http://127.0.0.1:{port}/")

    with refusing_port() as port, pytest.raises(httpx.ConnectError):
        asyncio.run(run(port))
