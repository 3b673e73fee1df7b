"""What the overlay's processes are made from: where parts are, which programs there are, what was chosen."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stack.scale.places import Places


@dataclass(frozen=True)
class Programs:
    """What is not in `data/run/bin`: `java`, `haproxy`, and the folders of jars."""

    java: Path
    kafka: Path
    cassandra: Path
    haproxy: Path


@dataclass(frozen=True)
class Folders:
    """The checkout; what is made anew at each start; what stays."""

    root: Path
    run: Path
    data: Path

    @property
    def settings(self) -> Path:
        """What the overlay's parts are configured by."""
        return self.run / "scale"

    @property
    def deploy(self) -> Path:
        """What is the same everywhere."""
        return self.root / "deploy" / "scale"

    def kept(self, name: str) -> Path:
        """The data of one part."""
        return self.data / "scale" / name

    def log(self, name: str) -> str:
        """The log of one part."""
        return f"{self.data}/logs/{name}.log"


@dataclass(frozen=True)
class Overlay:
    """`ports` are those that the single stack and its users know, such as `prometheus_port`, on `host`."""

    places: Places
    folders: Folders
    programs: Programs
    ports: Mapping[str, int]
    host: str
    retention: str
    own_database: bool

    def java(self, options: str, jars: Path) -> str:
        """The beginning of a command that runs a class."""
        return f"{self.programs.java} {options} -cp '{jars}/*'"
