"""Who gets which variant, and which flag files are refused."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.demo.flags import FLAG_KEY, Flag, FlagError
from services.demo.flags.flag import make_flag, parse_flag

VARIANTS = {"a": "als32-a", "b": "als16-b"}
PINNED = "baaabaababaa"
"""The variants of users 1 to 12 at even shares: were they others, users would change over at an upgrade."""

USERS = [str(user) for user in range(1, 2_001)]


def split(share: float) -> Flag:
    return make_flag(VARIANTS, "a", [("a", 100 - share), ("b", share)])


def write(**changes: Any) -> str:
    entry = {
        "state": "ENABLED",
        "variants": VARIANTS,
        "defaultVariant": "a",
        "targeting": {"fractional": [["a", 70], ["b", 30]]},
    }
    return json.dumps({"flags": {FLAG_KEY: entry | changes}})


@pytest.mark.parametrize("share", [0, 10, 30, 50, 100])
def test_a_share_of_the_users_gets_the_variant(share: float) -> None:
    found = Counter(split(share).choose(user) for user in USERS)
    assert found["b"] / len(USERS) == pytest.approx(share / 100, abs=0.035)


def test_a_user_always_gets_the_same_in_every_process_and_version() -> None:
    assert "".join(split(50).choose(str(user)) for user in range(1, 13)) == PINNED


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_growing_share_takes_the_variant_from_nobody(one: float, other: float) -> None:
    less, more = sorted((one, other))
    kept = {user for user in USERS[:200] if split(less).choose(user) == "b"}
    assert kept <= {user for user in USERS[:200] if split(more).choose(user) == "b"}


def test_a_file_of_the_contract_is_read() -> None:
    flag = parse_flag(write())
    assert flag is not None
    assert flag.shares == {"a": 70.0, "b": 30.0}
    assert flag.variants == VARIANTS


def test_another_salt_shuffles_the_users() -> None:
    fractional = [{"cat": ["autumn", {"var": "targetingKey"}]}, ["a", 50], ["b", 50]]
    flag = parse_flag(write(targeting={"fractional": fractional}))
    assert flag is not None and flag.shares == {"a": 50.0, "b": 50.0}
    both = Counter((flag.choose(user), split(50).choose(user)) for user in USERS)
    assert all(count / len(USERS) == pytest.approx(0.25, abs=0.035) for count in both.values()), both


@pytest.mark.parametrize("salt", [{"cat": ["autumn"]}, {"cat": ["", {"var": "targetingKey"}]}, {"if": []}])
def test_users_hashed_by_something_else_are_refused(salt: dict[str, Any]) -> None:
    with pytest.raises(FlagError, match="is not a salt and the user"):
        parse_flag(write(targeting={"fractional": [salt, ["a", 50], ["b", 50]]}))


def test_without_targeting_all_get_the_default() -> None:
    flag = parse_flag(write(targeting={}))
    assert flag is not None and flag.shares == {"a": 100.0}
    assert {flag.choose(user) for user in USERS[:100]} == {"a"}


@pytest.mark.parametrize("text", [write(state="DISABLED"), '{"flags": {}}'], ids=["disabled", "absent"])
def test_a_flag_that_is_off_is_none(text: str) -> None:
    assert parse_flag(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "flagd's format"),
        ("[]", "flagd's format"),
        ('{"flags": 3}', "flagd's format"),
        (write(variants={}), "0 variants"),
        (write(variants={str(n): str(n) for n in range(5)}), "5 variants"),
        (write(variants={"a": 1, "b": "b"}), "name of a version"),
        (write(variants={"a": "als32-a", "b": "als32–b"}), "name of a version"),
        (write(variants={"a": "als32-a", "b": "../live"}), "name of a version"),
        (write(state="disabled"), "neither ENABLED nor DISABLED"),
        (write(targeting={"if": [True, "a", "b"]}), "targeting by if is not understood"),
        (write(defaultVariant="c"), "no such variant: c"),
        (write(targeting={"fractional": [["c", 1]]}), "no such variant: c"),
        (write(targeting={"fractional": [["a", -1], ["b", 2]]}), "from 0 on"),
        (write(targeting={"fractional": [["a", "many"]]}), "flagd's format"),
        (write(targeting={"fractional": [["a", 0]]}), "all shares are 0"),
        (write(targeting={"fractional": [{"var": "email"}, ["a", 1]]}), "flagd's format"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(text: str, said: str) -> None:
    with pytest.raises(FlagError, match=said):
        parse_flag(text)
