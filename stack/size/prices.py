"""What machines, disks and networks cost, from a file."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stack import StackError

DEFAULT = Path(__file__).with_name("prices.yaml")
MONTH = 730.0
"""Hours of a month."""

Amount = Annotated[float, Field(ge=0)]
Size = Annotated[float, Field(gt=0)]


class Strict(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Machine(Strict):
    """Cores, GiB of memory, and the price of an hour."""

    name: str
    cores: Size
    memory: Size
    hour: Amount


class Prices(Strict):
    """Of disks and objects: a GB for a month; of the network: a GB between zones."""

    currency: str
    machines: Annotated[list[Machine], Field(min_length=1)]
    node: str
    largest_disk: Size
    disk: Amount
    objects: Amount
    network: Amount

    @property
    def of_node(self) -> Machine:
        """The machine of the distributed layout."""
        return next(machine for machine in self.machines if machine.name == self.node)


def read_prices(file: Path = DEFAULT) -> Prices:
    """A price list. Raises StackError that says what is wrong with it."""
    try:
        prices = Prices.model_validate(yaml.safe_load(file.read_text()))
    except OSError as error:
        raise StackError(f"PRICES={file}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise StackError(f"{file} is not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise StackError(f"{file}: {'.'.join(map(str, first['loc'])) or 'content'}: {first['msg']}") from None
    if all(machine.name != prices.node for machine in prices.machines):
        raise StackError(f"{file}: node: there is no machine {prices.node!r}")
    return prices
