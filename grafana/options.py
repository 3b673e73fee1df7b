"""What a panel is given, in small parts: its words, its size, how it writes values, how it colours them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from prometheus.needs import Need

BLUE, GREEN, ORANGE, RED, PURPLE = "blue", "green", "orange", "red", "purple"

Steps = Sequence[tuple[float, str]]
"""(value, colour) from low to high: the colour holds from the value up."""


@dataclass(frozen=True)
class Heading:
    """What a person reads first, and the id by which alerts find the panel, whatever its title."""

    id: int
    title: str
    description: str


@dataclass(frozen=True)
class Size:
    """Columns of 24, and units of 30 pixels."""

    width: int
    height: int = 8


FULL, HALF, THIRD, QUARTER = Size(24), Size(12), Size(8), Size(6)
NUMBER, WIDE_NUMBER = Size(4, 4), Size(6, 3)
"""A sixth and a quarter of a line."""


@dataclass(frozen=True)
class Query:
    """One PromQL query of a panel; `legend` is a Grafana legend template such as `{{source}}`.

    `needs` is what its data comes from, where not every stack has it.
    """

    expr: str
    legend: str = ""
    exemplars: bool = False
    needs: Need | None = None


@dataclass(frozen=True)
class Value:
    """How a value is written: Grafana's name of its unit, and the ends of its axis, if there are any."""

    unit: str
    decimals: int | None = None
    maximum: float | None = None
    minimum: float | None = 0


COUNT = Value("none", decimals=0)
SCORE = Value("none", decimals=3)
SECONDS = Value("s")
PERCENT = Value("percentunit", decimals=1)
WHOLE_PERCENT = Value("percentunit", decimals=0)
SHARE = Value("percentunit", decimals=1, maximum=1)
"""On an axis that ends at 100%."""

REQUEST_RATE = Value("reqps", decimals=1)


@dataclass(frozen=True)
class Levels:
    """Colours by value: `base` holds below the first step."""

    base: str = GREEN
    steps: Steps = ()


@dataclass(frozen=True)
class Lines:
    """How lines are drawn: dashed limits at `steps`, on each other or apart, fixed colours by legend."""

    steps: Steps = ()
    stacked: bool = False
    colors: Mapping[str, str] = field(default_factory=dict)


ALWAYS_GREEN = Levels()
PLAIN_LINES = Lines()
