"""The provider behind OpenFeature's own client."""

from collections.abc import Iterator

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from services.demo.flags import FLAG_KEY
from services.demo.flags.flag import make_flag
from services.demo.flags.provider import FileProvider

FLAG = make_flag({"a": "als32-a", "b": "als16-b"}, "a", [("a", 50), ("b", 50)])
USER = EvaluationContext("17")


@pytest.fixture
def provider() -> Iterator[FileProvider]:
    provider = FileProvider(FLAG)
    api.set_provider(provider)
    yield provider
    api.clear_providers()


@pytest.fixture
def client(provider: FileProvider) -> OpenFeatureClient:
    return api.get_client()


def test_a_user_gets_a_version_by_split(client: OpenFeatureClient) -> None:
    found = client.get_string_details(FLAG_KEY, "live", USER)
    assert (found.variant, found.reason) == (FLAG.choose("17"), Reason.SPLIT)
    assert found.value == FLAG.variants[FLAG.choose("17")]


def test_nobody_in_particular_gets_the_default_variant(client: OpenFeatureClient) -> None:
    found = client.get_string_details(FLAG_KEY, "live")
    assert (found.value, found.variant, found.reason) == ("als32-a", "a", Reason.STATIC)


def test_without_a_flag_the_default_value_holds(client: OpenFeatureClient, provider: FileProvider) -> None:
    provider.flag = None
    found = client.get_string_details(FLAG_KEY, "live", USER)
    assert (found.value, found.variant, found.reason) == ("live", None, Reason.DEFAULT)


def test_another_flag_is_not_known(client: OpenFeatureClient) -> None:
    assert client.get_string_value("colour", "blue", USER) == "blue"


def test_the_flag_is_no_number(client: OpenFeatureClient) -> None:
    found = client.get_integer_details(FLAG_KEY, 3, USER)
    assert (found.value, found.error_code) == (3, ErrorCode.TYPE_MISMATCH)
    assert client.get_boolean_value(FLAG_KEY, True, USER) is True
    assert client.get_float_value(FLAG_KEY, 0.5, USER) == 0.5
    assert client.get_object_value(FLAG_KEY, {"a": 1}, USER) == {"a": 1}
