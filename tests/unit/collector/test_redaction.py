"""Secrets and personal data are masked in all that leaves the collector; what looks like them is not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from config import load
from generation.collector import FILE, configure_collector
from tests.e2e.live import eventually
from tests.unit.alerts.chosen import choose
from tests.unit.collector.otelcol import Collector, counter, run_collector, span

SECRET = "s3cr3tvalue0123456789"
JWT = f"eyJhbGciOiJIUzI1NiJ9.{SECRET}.{SECRET}"
BY_KEY = [
    "http.request.header.authorization",
    "Authorization",
    "http.request.header.cookie",
    "http.response.header.set-cookie",
    "http.request.header.x-api-key",
    "user.password",
    "aws.secret_access_key",
    "session_token",
    "DB_PASSWORD",
]
BY_VALUE = [
    f"https://shop.example/reset?access_token={SECRET}&page=2",
    f"https://shop.example/?api_key={SECRET}",
    f"https://bob:{SECRET}@shop.example/path",
    f"postgresql://app:{SECRET}@db:5432/shop",
    f"Authorization: Bearer {SECRET}",
    f"Basic {SECRET}",
    JWT,
    f'{{"user": 1, "password": "{SECRET}"}}',
    f"s3cr3tvalue.{SECRET}@example.org is not known",
    f"/unsubscribe/s3cr3tvalue.{SECRET}%40example.org",
    f"https://bucket.s3/?X-Amz-Signature={SECRET}",
    f"sk-proj-{SECRET}{SECRET}",
    f"docker run -e API_TOKEN={SECRET} -e MODE=fast",
    f"DB_PASSWORD={SECRET} ./serve",
    f"PASSWD: {SECRET}",
    f'{{"CLIENT_SECRET": "{SECRET}"}}',
    f"AWS_SECRET_ACCESS_KEY={SECRET}",
    f"MAPS_API_KEY={SECRET}",
    "Mail to s3cr3tvalue@mail.example.co.uk.",
    "s3cr3tvalue@163.com",
]
IN_NAMES = ["=", ":", "@", "%40", "eyJ"]
"""Names of spans are searched when they have one of these."""
HARMLESS = {
    "gen_ai.usage.input_tokens": 512,
    "gen_ai.token.type": "input",
    "messaging.kafka.message.key": "order-7",
    "url.query": "page=2&status_code=200&key=ab",
    "db.query.text": "select basket from shop where id = $1",
    "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64)",
    "app.ratio": 0.25,
    "app.tags": ["a", "b"],
    "package": "lodash@4.17.21 react@18.3.0-rc.1 @types/node@22.1",
    "process.command": "MODE=fast CACHE_KEY=orders TOKENS_MAX=512 PWD=/srv/app serve",
}


@pytest.mark.parametrize("key", BY_KEY)
def test_attributes_of_these_names_are_masked(collector: Collector, key: str) -> None:
    service = f"key-{key}"
    collector.send_spans(
        {"service.name": service}, span("work", {key: SECRET}), span("list", {key: [SECRET]})
    )
    seen = eventually("the spans", lambda: collector.backends.spans(service))
    assert [each.attributes[key] for each in seen] == ["****", "****"]


@pytest.mark.parametrize("value", BY_VALUE)
def test_values_are_masked_wherever_they_are(collector: Collector, value: str) -> None:
    service = f"value-{BY_VALUE.index(value)}"
    name = value if any(mark in value for mark in IN_NAMES) else "work"
    event = {
        "name": "exception",
        "attributes": [{"key": "exception.message", "value": {"stringValue": value}}],
    }
    collector.send_spans(
        {"service.name": service, "process.command_line": value},
        span(name, {"text": value, "list": [value]}, events=[event], status={"code": 2, "message": value}),
    )
    collector.send_metrics({"service.name": service}, counter("orders", (1, {"text": value})))
    eventually("the span", lambda: collector.backends.spans(service))
    eventually("the point", lambda: collector.backends.points(service, "orders"))
    eventually("the span metrics", lambda: collector.backends.points(service, "traces.span.metrics.calls"))
    stored = f"{collector.backends.spans(service)} {collector.backends.points(service)}"
    assert "****" in stored and "s3cr3tvalue" not in stored


def test_what_only_looks_like_a_secret_is_kept(collector: Collector) -> None:
    collector.send_spans({"service.name": "harmless"}, span("chat gpt-4o", HARMLESS))
    (seen,) = eventually("the span", lambda: collector.backends.spans("harmless"))
    assert (seen.name, seen.attributes) == ("chat gpt-4o", HARMLESS)


@pytest.fixture
def with_own_lists(tmp_path: Path) -> Iterator[Collector]:
    mine = {"redaction": {"keys": ["iban$"], "values": ["ACME-[0-9]{8}"], "keep": ["enduser.email"]}}
    with choose(yaml.safe_dump(mine), tmp_path):
        (tmp_path / FILE).write_text(configure_collector(load())[FILE])
    with run_collector(tmp_path, tmp_path / FILE) as running:
        yield running


def test_the_lists_of_whence_yaml_count_besides_the_defaults(with_own_lists: Collector) -> None:
    sent = {"customer.iban": "CH93", "note": "ACME-12345678 a@b.org", "enduser.email": "a@b.org"}
    with_own_lists.send_spans({"service.name": "mine"}, span("work", sent))
    (seen,) = eventually("the span", lambda: with_own_lists.backends.spans("mine"))
    assert seen.attributes == {"customer.iban": "****", "note": "**** ****", "enduser.email": "a@b.org"}
