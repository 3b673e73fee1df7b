"""Users of the shop: the same for the same seed, and in an order that makes sense."""

from collections import Counter
from itertools import islice
from random import Random

from examples.shop.users.visitors import HABITS, PRODUCTS, Step, Visitor, arrive


def live(visitor: Visitor) -> list[Step]:
    """All steps of a visitor to whom everything is answered well."""
    steps = []
    while not visitor.gone:
        step = visitor.choose()
        steps.append(step)
        visitor.learn(step, 200)
    return steps


def test_the_same_seed_brings_the_same_users() -> None:
    once, again = ([live(v) for v in islice(arrive(7), 50)] for _ in range(2))
    assert once == again
    assert once != [live(v) for v in islice(arrive(8), 50)]


def test_nobody_buys_before_there_is_something_in_the_cart() -> None:
    for visitor in islice(arrive(1), 200):
        kinds = [step.kind for step in live(visitor)]
        assert kinds[0] == "list"
        if "order" in kinds:
            assert "cart" in kinds[: kinds.index("order")]
            assert kinds.index("order") == len(kinds) - 1


def test_all_kinds_of_steps_come_in_useful_numbers() -> None:
    counts = Counter(step.kind for visitor in islice(arrive(3), 500) for step in live(visitor))
    assert set(counts) == set(HABITS)
    assert all(count / counts.total() > 0.05 for count in counts.values())


def test_popular_products_are_seen_most() -> None:
    seen = Counter(
        step.path for visitor in islice(arrive(5), 500) for step in live(visitor) if step.kind == "product"
    )
    assert seen["/products/1"] > 10 * seen[f"/products/{PRODUCTS}"]
    assert all(1 <= int(path.rsplit("/", 1)[1]) <= PRODUCTS for path in seen)


def test_an_item_that_was_refused_is_not_in_the_cart() -> None:
    visitor = Visitor("v", Random(1), cart=[3])
    visitor.learn(Step("cart", "POST", "/carts/v/items"), 503)
    assert visitor.cart == []


def test_a_failed_order_keeps_the_user() -> None:
    visitor = Visitor("v", Random(1))
    visitor.learn(Step("order", "POST", "/carts/v/order"), 502)
    assert not visitor.gone
    visitor.learn(Step("order", "POST", "/carts/v/order"), 200)
    assert visitor.gone
