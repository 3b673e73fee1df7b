"""Ports, folders and secrets of the shop, and the variables its processes get."""

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar, Self

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(__file__).resolve().parents[1]
CONFIGURATION = FOLDER / "whence.yaml"
HOST = "127.0.0.1"
SECRETS = ("SHOP_ADMIN_PASSWORD", "SHOP_PRICING_PASSWORD", "SHOP_REPORTS_PASSWORD")


class ExampleError(Exception):
    """One line that says what is wrong and what to do."""


@dataclass(frozen=True)
class PortSet:
    """TCP ports on 127.0.0.1, a field each; PREFIX_FIELD_PORT in the environment changes one."""

    prefix: ClassVar[str]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Raises ExampleError naming the variable that is no port."""
        found = {}
        for field in fields(cls):
            variable = cls.name_variable(field.name)
            text = environment.get(variable) or str(field.default)
            if not text.isdecimal() or not 0 < int(text) < 65536:
                raise ExampleError(f"{variable}={text!r} is no port: give a number from 1 to 65535")
            found[field.name] = int(text)
        return cls(**found)

    @classmethod
    def name_variable(cls, port: str) -> str:
        return f"{cls.prefix}_{port.upper()}_PORT"

    @classmethod
    def name_variables(cls) -> list[str]:
        return [cls.name_variable(field.name) for field in fields(cls)]

    def as_variables(self) -> dict[str, str]:
        return {self.name_variable(field.name): str(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True)
class Ports(PortSet):
    """SHOP_GATEWAY_PORT and so on in the environment change them."""

    prefix: ClassVar[str] = "SHOP"

    gateway: int = 8100
    pricing: int = 8101
    fraud: int = 8102
    reports: int = 8103
    database: int = 8110
    database_proxy: int = 8111
    cache: int = 8112
    cache_proxy: int = 8113
    telemetry_proxy: int = 8114
    toxiproxy: int = 8115


@dataclass(frozen=True)
class Shop:
    """One shop: where it is, and how to reach its parts from this machine."""

    ports: Ports
    data: Path
    otlp: str
    mode: str

    @property
    def state(self) -> Path:
        """What the services read and write while they run: defects, versions, the users' count."""
        return self.data / "state"

    @property
    def mode_file(self) -> Path:
        """There while the shop is started."""
        return self.data / "mode"

    @property
    def counts(self) -> Path:
        return self.state / "counts.jsonl"

    def url(self, part: str) -> str:
        return f"http://{HOST}:{getattr(self.ports, part)}"

    def database_url(self, role: str, proxied: bool = True) -> str:
        """The database as a role reaches it; past the proxy for those who set it up or break it."""
        port = self.ports.database_proxy if proxied else self.ports.database
        password = self.read_secrets()[f"SHOP_{role.removeprefix('shop_').upper()}_PASSWORD"]
        return f"postgresql://{'postgres' if role == 'admin' else role}:{password}@{HOST}:{port}/postgres"

    def read_secrets(self) -> dict[str, str]:
        """Made at the first start, readable by their owner only."""
        file = self.data / "secrets.env"
        if not file.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
                out.writelines(f"{name}={secrets.token_hex(16)}\n" for name in SECRETS)
        return dict(line.split("=", 1) for line in file.read_text().splitlines())


def read_shop(environment: Mapping[str, str] = os.environ) -> Shop:
    """The shop that the environment describes; one that was started keeps its mode until it is stopped."""
    whence = Path(environment.get("WHENCE_DATA") or ROOT / "data")
    data = Path(environment.get("SHOP_DATA") or whence / "shop").resolve()
    noted = [file.read_text() for file in (data / "mode", whence / "run" / "mode") if file.exists()]
    running = (data / "mode").exists()
    mode = (not running and environment.get("MODE")) or next(iter(noted), "processes")
    if mode not in ("processes", "containers"):
        raise ExampleError(f"MODE={mode!r} is neither processes nor containers")
    otlp_port = environment.get("OTLP_HTTP_PORT") or "4318"
    return Shop(
        ports=Ports.read(environment),
        data=data,
        otlp=environment.get("SHOP_OTLP") or f"{HOST}:{otlp_port}",
        mode=mode,
    )


def find_program(*names: str, package: str) -> str:
    """The first of these that is installed, also where Debian puts PostgreSQL's. Raises ExampleError."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, reversed(versions))])
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    raise ExampleError(
        f"{' or '.join(names)} is not installed: on Debian, apt-get install {package}; or use MODE=containers"
    )
