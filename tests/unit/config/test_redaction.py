"""Patterns of `redaction`: what RE2 refuses never reaches the collector, which would not start."""

import pytest
from pydantic import ValidationError

from config.redaction import Redaction

TAKEN = [
    "ACME-[0-9]{8}",
    r"(?i)\bkey\b\s*[:=]\s*\S+",
    r'{"password": "[^"]*"}',
    r"(?P<user>[\w.+-]+)@(?:example|test)\.org$",
    "((a{10}){10}){10}",
    "(a{1000}|b{1000})+?",
    "(a{1000}){0}b",
    r"\?+[?+]+[(?=]",
    "[]^]x{}",
]
REFUSED = {
    "(a{100}){100}": "too often",
    "((a{10}){10}b){11}": "too often",
    "(?:(?:x{2,40})?y){26,}": "too often",
    f"({'a' * 600}){{1000}}": "too often",
    "a(?=b)": "RE2",
    "(?<!a)b": "RE2",
    "(?>a)b": "RE2",
    "(?#note)b": "RE2",
    r"(a)\1": "RE2",
    "(?P<a>x)(?P=a)": "RE2",
    "(?P<ä>x)": "RE2",
    "a++": "RE2",
    "a{2}+": "RE2",
    "a{,5}": "RE2",
    r"a\Z": "RE2",
    r"\u00e9": "RE2",
    r"[\N{DOLLAR SIGN}]": "RE2",
    r"[]\b]": "RE2",
    r"\é": "RE2",
    "[a[:word:]]": "RE2",
    "\ud800": "RE2",
    r"\C": "not a pattern",
    "(" * 2_000 + "a" + ")" * 2_000: "not a pattern",
}


@pytest.mark.parametrize("pattern", TAKEN)
def test_patterns_that_re2_has_are_taken(pattern: str) -> None:
    assert Redaction(values=(pattern,)).values == (pattern,)


@pytest.mark.parametrize("pattern", REFUSED, ids=lambda pattern: ascii(pattern[:30]))
def test_others_are_refused_with_the_reason(pattern: str) -> None:
    with pytest.raises(ValidationError, match=REFUSED[pattern]):
        Redaction(keys=(pattern,))
