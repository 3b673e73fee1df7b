"""The shop as plain processes, supervised by process-compose over a Unix socket."""

import json
import os
import pwd
import shlex
import subprocess
import sys
from pathlib import Path

from examples.shop.run.settings import FOLDER, HOST, ROOT, ExampleError, Shop, find_program
from examples.shop.run.supervisor import Supervisor

DATABASE_USER = "postgres"
SMALL = "shared_buffers=16MB max_connections=20 max_wal_size=64MB min_wal_size=32MB fsync=off jit=off"
"""A database that holds nothing that cannot be made again."""


class Processes(Supervisor):
    """The shop's."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(FOLDER / "process-compose.yaml", shop.data, shop.ports, "make shop")
        self.shop = shop

    def start(self) -> None:
        """Returns when all are healthy; raises ExampleError with the end of the log at fault."""
        if self.is_running():
            return
        self.require_ports()
        variables = self._environment()
        self._prepare_database(variables)
        self.bring_up(variables)

    def _prepare_database(self, variables: dict[str, str]) -> None:
        """Makes the cluster at the first start, and the proxies' list at each."""
        ports, state = self.shop.ports, self.shop.state
        for folder in ("defects", "versions"):
            (state / folder).mkdir(parents=True, exist_ok=True)
        proxies = {
            "database": (ports.database_proxy, f"{HOST}:{ports.database}"),
            "cache": (ports.cache_proxy, f"{HOST}:{ports.cache}"),
            "telemetry-fraud": (ports.telemetry_proxy, self.shop.otlp),
        }
        (self.shop.data / "proxies.json").write_text(make_proxies(HOST, proxies))
        cluster = Path(variables["SHOP_CLUSTER"])
        if not (cluster / "PG_VERSION").exists():
            _make_cluster(cluster, variables)

    def _environment(self) -> dict[str, str]:
        shop = self.shop
        postgres = find_program("postgres", package="postgresql")
        return {
            **shop.ports.as_variables(),
            **shop.read_secrets(),
            "SHOP_DATA": str(shop.data),
            "SHOP_STATE": str(shop.state),
            "SHOP_CLUSTER": str(shop.data / "postgresql"),
            "SHOP_POSTGRES": str(Path(postgres).resolve()),
            "SHOP_POSTGRES_BIN": str(Path(postgres).resolve().parent),
            "SHOP_POSTGRES_OPTIONS": " ".join(f"-c {option}" for option in SMALL.split()),
            "SHOP_AS_USER": shlex.join(_as_database_user()),
            "SHOP_CACHE_SERVER": find_program("valkey-server", "redis-server", package="redis-server"),
            "SHOP_TOXIPROXY": self.find_ours("TOXIPROXY"),
            "SHOP_OTLP": shop.otlp,
            "SHOP_ADMIN_URL": shop.database_url("admin", proxied=False),
            "SHOP_PRICING_DATABASE": shop.database_url("shop_pricing"),
            "SHOP_REPORTS_DATABASE": shop.database_url("shop_reports"),
            "PYTHON": sys.executable,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "MALLOC_ARENA_MAX": "2",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }


def make_proxies(listen: str, proxies: dict[str, tuple[int, str]]) -> str:
    """Toxiproxy's configuration: name → (port, upstream)."""
    entries = [
        {"name": name, "listen": f"{listen}:{port}", "upstream": upstream, "enabled": True}
        for name, (port, upstream) in proxies.items()
    ]
    return json.dumps(entries, indent=2) + "\n"


def _make_cluster(cluster: Path, variables: dict[str, str]) -> None:
    """Runs initdb as the user that the server will run as."""
    password = cluster.with_suffix(".password")
    with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(variables["SHOP_ADMIN_PASSWORD"])
    cluster.mkdir(exist_ok=True)
    cluster.chmod(0o700)
    prefix = shlex.split(variables["SHOP_AS_USER"])
    if prefix:
        user = pwd.getpwnam(DATABASE_USER)
        for path in (cluster, password):
            os.chown(path, user.pw_uid, user.pw_gid)
    command = [*prefix, f"{variables['SHOP_POSTGRES_BIN']}/initdb", "-D", str(cluster), "-U", "postgres"]
    command += ["--auth=scram-sha-256", f"--pwfile={password}", "--no-sync", "-E", "UTF8", "--locale=C"]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    password.unlink()
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise ExampleError(f"initdb failed for {cluster}: {said}; SHOP_DATA can name another folder")


def _as_database_user() -> list[str]:
    """PostgreSQL does not run as root: then it is another user who does. Debian's package brings that one."""
    if os.getuid() != 0:
        return []
    try:
        pwd.getpwnam(DATABASE_USER)
    except KeyError:
        raise ExampleError(
            f"there is no user {DATABASE_USER}, and PostgreSQL does not run as root: run as another user"
        ) from None
    return ["setpriv", f"--reuid={DATABASE_USER}", f"--regid={DATABASE_USER}", "--init-groups"]
