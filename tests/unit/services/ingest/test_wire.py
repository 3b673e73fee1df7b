"""A body is read resource by resource, in whatever pieces it comes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.ingest.senders import find_name
from services.ingest.splitting import Request
from services.ingest.wire import Malformed, TooLarge, read_resources
from tests.unit.services.ingest.support import fill


def read(body: bytes, limit: int = 1 << 20, piece: int = 7) -> list[bytes | TooLarge]:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), piece):
            yield body[start : start + piece]

    async def collect() -> list[bytes | TooLarge]:
        return [resource async for resource in read_resources(chunks(), limit)]

    return asyncio.run(collect())


@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_resources_are_the_same_in_any_pieces(piece: int) -> None:
    request = fill(fill(Request(), "a", ["x", "y"]), "b", ["z" * 300])
    assert read(request.SerializeToString(), piece=piece) == [
        resource.SerializeToString() for resource in request.resource_metrics
    ]


def test_an_empty_body_has_no_resources() -> None:
    assert read(b"") == []


def test_a_large_resource_is_skipped_and_its_sender_known() -> None:
    request = fill(fill(fill(Request(), "a", ["x"]), "greedy", ["y" * 100_000]), "b", ["z"])
    first, large, last = read(request.SerializeToString(), limit=50_000, piece=4096)
    assert isinstance(first, bytes) and isinstance(last, bytes)
    assert isinstance(large, TooLarge) and large.size > 100_000
    assert find_name(large.ends) == "greedy"


def test_a_sender_is_known_where_the_collector_wrote_its_resource_last() -> None:
    """Its fields come in descending order."""
    metric = b"\x12\x08\x12\x06\x0a\x04" + b"name" * 50_000
    instance = b"\x0a\x1b\x12\x05\x0a\x03web\x0a\x13service.instance.id"
    resource = b"\x0a\x36\x0a\x17\x12\x07\x0a\x05latin\x0a\x0cservice.name" + instance
    size = len(metric + resource)
    body = b"\x0a" + bytes([size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14]) + metric + resource
    (large,) = read(body, limit=50_000, piece=4096)
    assert isinstance(large, TooLarge)
    assert find_name(large.ends) == "latin"


def test_a_resource_without_a_name_is_of_an_unknown_service() -> None:
    assert find_name(b"\x0a\x00\x12\x05other") == "unknown_service"


@pytest.mark.parametrize(
    "body", [b"garbage", b"\x0a\xff\xff\xff\xff\xff\xff", b"\x0a\x05abc", b"\x0a", b"\x12\x01a"]
)
def test_what_is_no_request_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read(body)
    with pytest.raises(Malformed):
        read(body, limit=2)
