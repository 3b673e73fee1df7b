"""The shop as plain processes, supervised by process-compose over a Unix socket."""

import json
import os
import pwd
import shlex
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import psutil

from examples.shop.run.settings import FOLDER, HOST, ROOT, Shop, ShopError, find_program

START_SECONDS = 600.0
STOP_SECONDS = 30.0
DATABASE_USER = "postgres"
SMALL = "shared_buffers=16MB max_connections=20 max_wal_size=64MB min_wal_size=32MB fsync=off jit=off"
"""A database that holds nothing that cannot be made again."""


class Processes:
    """Starts, stops and restarts the shop's processes."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._socket = shop.data / "process-compose.sock"
        self._pid_file = shop.data / "process-compose.pid"
        transport = httpx.HTTPTransport(uds=_short(self._socket))
        self._http = httpx.Client(transport=transport, base_url="http://process-compose", trust_env=False)

    def start(self) -> None:
        """Returns when all are healthy; raises ShopError with the end of the log at fault."""
        if self._supervisor():
            return
        self._require_ports()
        variables = self._environment()
        self._prepare_database(variables)
        log = self.shop.data / "logs" / "process-compose.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [_find_ours("SHOP_PROCESS_COMPOSE"), "up", "-f", str(FOLDER / "process-compose.yaml")]
        command += ["--disable-dotenv", "-t=false", "--keep-project", "--ordered-shutdown"]
        command += ["-U", "-u", _short(self._socket), "-L", str(log)]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._pid_file.write_text(str(process.pid))
        try:
            self._await_ready(process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops every process, the supervisor last."""
        supervisor = self._supervisor()
        if not supervisor:
            return
        children = supervisor.children(recursive=True)
        self._call("POST", "/project/stop", STOP_SECONDS)
        _, alive = psutil.wait_procs([supervisor], timeout=STOP_SECONDS)
        for process in (*alive, *psutil.wait_procs(children, timeout=5)[1]):
            process.kill()
        self._pid_file.unlink(missing_ok=True)

    def is_running(self) -> bool:
        return self._supervisor() is not None

    def restart(self, service: str) -> None:
        """Restarts one service in the version that is rolled out."""
        if self._call("POST", f"/process/restart/{service}", STOP_SECONDS) is None:
            raise ShopError(f"cannot restart {service}: start the shop with `make shop`")

    def find_process(self, service: str) -> psutil.Process | None:
        """The process of a service, None while it has none."""
        state = self.read_states().get(service)
        try:
            return psutil.Process(state["pid"]) if state and state["pid"] else None
        except psutil.NoSuchProcess:
            return None

    def read_states(self) -> dict[str, dict[str, Any]]:
        """What process-compose says of each process; empty when it does not run."""
        answer = self._call("GET", "/processes") or {"data": []}
        return {state["name"]: state for state in answer["data"]}

    def _await_ready(self, supervisor: "subprocess.Popen[bytes]") -> None:
        end = time.monotonic() + START_SECONDS
        states: dict[str, dict[str, Any]] = {}
        while time.monotonic() < end:
            states = self.read_states() or states
            if states and all(map(_is_ready, states.values())):
                return
            failed = [name for name, state in states.items() if _has_failed(state)]
            if failed or supervisor.poll() is not None:
                raise ShopError(self._explain(failed[0] if failed else "process-compose"))
            time.sleep(0.25)
        waiting = ", ".join(name for name, state in states.items() if not _is_ready(state))
        raise ShopError(
            f"not healthy after {START_SECONDS:.0f} s: {waiting or 'process-compose'};"
            f" see {self.shop.data / 'logs'}"
        )

    def _explain(self, name: str) -> str:
        log = self.shop.data / "logs" / f"{name}.log"
        lines = log.read_text(errors="replace").splitlines()[-12:] if log.exists() else ["(no log)"]
        return "\n  ".join([f"{name} does not start; its log ends with:", *lines])

    def _require_ports(self) -> None:
        for name, port in asdict(self.shop.ports).items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, port))
                except OSError:
                    raise ShopError(
                        f"port {port} is in use: stop what uses it, or set SHOP_{name.upper()}_PORT"
                    ) from None

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
            "SHOP_TOXIPROXY": _find_ours("SHOP_TOXIPROXY"),
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

    def _supervisor(self) -> psutil.Process | None:
        try:
            process = psutil.Process(int(self._pid_file.read_text()))
            runs = process.status() != psutil.STATUS_ZOMBIE and self._is_ours(process)
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None
        return process if runs else None

    def _is_ours(self, process: psutil.Process) -> bool:
        return str(FOLDER / "process-compose.yaml") in process.cmdline()

    def _call(self, method: str, path: str, seconds: float = 5.0) -> Any:
        """The decoded answer of process-compose, None when it cannot be had."""
        try:
            response = self._http.request(method, path, timeout=seconds)
            response.raise_for_status()
            return response.json()
        except (httpx.HTTPError, ValueError):
            return None


def make_proxies(listen: str, proxies: dict[str, tuple[int, str]]) -> str:
    """Toxiproxy's configuration: name → (port, upstream)."""
    entries = [
        {"name": name, "listen": f"{listen}:{port}", "upstream": upstream, "enabled": True}
        for name, (port, upstream) in proxies.items()
    ]
    return json.dumps(entries, indent=2) + "\n"


def _find_ours(variable: str) -> str:
    """The path of a program that Whence builds."""
    if path := os.environ.get(variable):
        return path
    raise ShopError(f"{variable} is not set: use `make shop`, which sets it to the program's path")


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
        raise ShopError(f"initdb failed for {cluster}: {said}; SHOP_DATA can name another folder")


def _as_database_user() -> list[str]:
    """PostgreSQL does not run as root: then it is another user who does. Debian's package brings that one."""
    if os.getuid() != 0:
        return []
    try:
        pwd.getpwnam(DATABASE_USER)
    except KeyError:
        raise ShopError(
            f"there is no user {DATABASE_USER}, and PostgreSQL does not run as root: run as another user"
        ) from None
    return ["setpriv", f"--reuid={DATABASE_USER}", f"--regid={DATABASE_USER}", "--init-groups"]


def _is_ready(state: dict[str, Any]) -> bool:
    if state["status"] == "Completed":
        return bool(state["exit_code"] == 0)
    return bool(state["is_ready"] == "Ready" if state["has_ready_probe"] else state["status"] == "Running")


def _has_failed(state: dict[str, Any]) -> bool:
    ended_badly = state["status"] == "Completed" and state["exit_code"] != 0
    return ended_badly or state["status"] in ("Error", "Skipped") or state["restarts"] > 3


def _short(path: Path) -> str:
    """A Unix socket's path may have 107 bytes: relative to the working directory where that is shorter."""
    return min(os.path.relpath(path), str(path), key=len)
