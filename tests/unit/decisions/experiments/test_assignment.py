"""Sticky, salted, exclusive: who gets which variant."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions.experiments.assignment import assign, choose_variant
from services.assignment import GROUPS, find_group
from services.demo.flags.flag import make_flag
from tests.unit.decisions.experiments.declared import declare

USERS = [str(user) for user in range(4_000)]
SHARES = st.integers(1, 99)


def test_users_are_shared_out_as_declared() -> None:
    one, other = declare("one", traffic="50%"), declare("other", traffic="30%")
    found = Counter(tuple(assign([one, other], user).items()) for user in USERS)
    parts = {"one": 0.25, "other": 0.15}
    expected = {((name, v),): part for name, part in parts.items() for v in ("control", "treatment")}
    shares = {key: count / len(USERS) for key, count in found.items()}
    assert shares.pop(()) == pytest.approx(0.2, abs=0.03)
    assert shares == pytest.approx(expected, abs=0.03)


def test_two_layers_are_independent() -> None:
    both = [declare("one", traffic="50%"), declare("other", layer="pages", traffic="50%")]
    found = Counter(frozenset(assign(both, user)) for user in USERS)
    assert len(found) == 4
    assert all(count / len(USERS) == pytest.approx(0.25, abs=0.03) for count in found.values()), found


@given(SHARES, SHARES)
def test_a_growing_share_takes_the_variant_from_nobody(one: int, other: int) -> None:
    def treated(share: int) -> set[str]:
        variants = [
            {"name": "control", "version": "v1", "share": f"{100 - share}%"},
            {"name": "treatment", "version": "v2", "share": f"{share}%"},
        ]
        experiment = declare(variants=variants)
        return {user for user in USERS[:200] if choose_variant(experiment, user) == "treatment"}

    less, more = sorted((one, other))
    assert treated(less) <= treated(more)


def test_the_flag_with_an_experiments_salt_assigns_as_the_experiment_does() -> None:
    experiment = declare()
    names = {variant.name: variant.version for variant in experiment.variants}
    flag = make_flag(names, "control", [("control", 50), ("treatment", 50)], experiment.hashed_with)
    assert all(flag.choose(user) == choose_variant(experiment, user) for user in USERS)


def test_groups_are_even_and_have_nothing_to_do_with_variants() -> None:
    experiment = declare()
    treated = Counter(find_group(user) for user in USERS if choose_variant(experiment, user) == "treatment")
    users = Counter(find_group(user) for user in USERS)
    assert len(users) == GROUPS
    assert min(users.values()) > len(USERS) / GROUPS / 2
    assert all(0.25 < treated[group] / count < 0.75 for group, count in users.items())
