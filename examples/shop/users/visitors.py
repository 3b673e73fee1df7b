"""Users of the shop and what they do next: look around, open products, fill a cart, buy, leave."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Any

PRODUCTS = 200
CATEGORIES = 10
POPULARITY = list(accumulate(1 / rank for rank in range(1, PRODUCTS + 1)))
"""Cumulative weights of the products by rank: Zipf's law."""

HABITS = {"list": 0.15, "product": 0.5, "cart": 0.2, "order": 0.15}
"""How likely each step is next; a step that is not possible yet becomes a product page."""


@dataclass(frozen=True)
class Step:
    """One request of a user; `kind` is a name in HABITS."""

    kind: str
    method: str
    path: str
    body: dict[str, Any] | None = None


@dataclass
class Visitor:
    """One user from the first page to the order, or until they have seen enough."""

    name: str
    random: Random
    patience: int = 30
    seen: int = 0
    cart: list[int] = field(default_factory=list)

    @property
    def gone(self) -> bool:
        return self.patience <= 0

    def choose(self) -> Step:
        """What this user does next."""
        self.patience -= 1
        kind = "list" if not self.seen else self.random.choices(list(HABITS), list(HABITS.values()))[0]
        if kind == "list":
            self.seen = self.seen or self._pick_product()
            return Step("list", "GET", f"/products?category={self.random.randrange(CATEGORIES)}")
        if kind == "cart":
            self.cart.append(self.seen)
            return Step("cart", "POST", f"/carts/{self.name}/items", {"product": self.seen})
        if kind == "order" and self.cart:
            return Step("order", "POST", f"/carts/{self.name}/order")
        self.seen = self._pick_product()
        return Step("product", "GET", f"/products/{self.seen}")

    def learn(self, step: Step, status: int) -> None:
        """Takes notice of an answer: who has bought leaves; an item that was refused is not in the cart."""
        if step.kind == "order" and status < 500:
            self.patience = 0
        if step.kind == "cart" and status >= 400:
            self.cart.pop()

    def _pick_product(self) -> int:
        return 1 + bisect(POPULARITY, self.random.random() * POPULARITY[-1])


def arrive(seed: int) -> Iterator[Visitor]:
    """Users without end, the same ones for the same seed."""
    random = Random(seed)
    number = 0
    while True:
        number += 1
        yield Visitor(f"{seed}-{number}", Random(random.random()))
