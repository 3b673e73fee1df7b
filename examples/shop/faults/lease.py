"""A fault lasts for a lease: a process keeps it, and mends when time is over or it is told to end."""

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
from pydantic import BaseModel, TypeAdapter, ValidationError

from examples.shop.faults.catalogue import Fault, Severity, known_faults
from examples.shop.faults.kinds import prepare
from examples.shop.run.settings import ROOT, ExampleError, Shop, read_shop

LONGEST = 3600
PAUSE = 0.25
START_SECONDS = 120.0
MEND_SECONDS = 90.0


class Lease(BaseModel):
    """A fault in force until `until` (Unix time), kept by the process `pid`."""

    fault: str
    severity: Severity
    until: float
    pid: int

    @property
    def kept(self) -> bool:
        try:
            command = psutil.Process(self.pid).cmdline()
        except psutil.NoSuchProcess:
            return False
        return "examples.shop.faults.lease" in command and self.fault in command


def begin(shop: Shop, fault: Fault, severity: Severity, seconds: int) -> None:
    """Injects a fault, in place of what is in force of it. Raises ExampleError when it cannot be."""
    mend(shop, fault.name)
    log = shop.data / "logs" / f"fault-{fault.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "examples.shop.faults.lease", fault.name, severity, str(seconds)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
        )
    assert keeper.stdout
    with keeper.stdout as pipe:
        readable, _, _ = select.select([pipe], [], [], START_SECONDS)
        said = pipe.readline().decode().strip() if readable else "it takes too long"
    if said != "started":
        keeper.terminate()
        raise ExampleError(f"{fault.name} was not injected: {said or f'see {log}'}")


def mend(shop: Shop, *names: str) -> list[str]:
    """Undoes these faults, all without a name; which of them were in force."""
    leases = [lease for lease in read_leases(shop) if not names or lease.fault in names]
    for lease in leases:
        with suppress(psutil.NoSuchProcess):
            if lease.kept:
                psutil.Process(lease.pid).terminate()
    for lease in leases:
        _await_end(lease)
        if _file(shop, lease.fault).exists():
            prepare(shop, known_faults()[lease.fault], lease.severity).mend()
            _file(shop, lease.fault).unlink(missing_ok=True)
    return [lease.fault for lease in leases]


def read_leases(shop: Shop) -> list[Lease]:
    """The faults in force, in the catalogue's order."""
    leases = []
    for name in known_faults():
        with suppress(FileNotFoundError, ValidationError):
            leases.append(Lease.model_validate_json(_file(shop, name).read_text()))
    return leases


def keep(shop: Shop, fault: Fault, severity: Severity, seconds: float) -> None:
    """Starts a fault, says so on standard output, keeps it, and mends it; SIGTERM shortens that."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    injection = prepare(shop, fault, severity)
    lease = Lease(fault=fault.name, severity=severity, until=time.time() + seconds, pid=os.getpid())
    _file(shop, fault.name).parent.mkdir(parents=True, exist_ok=True)
    _file(shop, fault.name).write_text(lease.model_dump_json())
    started = time.monotonic()
    try:
        injection.start()
        print("started", flush=True)
        started = time.monotonic()
        while (elapsed := time.monotonic() - started) < seconds:
            injection.keep(elapsed)
            time.sleep(PAUSE)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        injection.mend()
        _file(shop, fault.name).unlink(missing_ok=True)


def _await_end(lease: Lease) -> None:
    end = time.monotonic() + MEND_SECONDS
    while lease.kept and time.monotonic() < end:
        time.sleep(0.05)
    if lease.kept:
        psutil.Process(lease.pid).kill()


def _file(shop: Shop, fault: str) -> Path:
    return shop.data / "faults" / f"{fault}.json"


def main() -> None:
    """`python -m examples.shop.faults.lease FAULT SEVERITY SECONDS`, as `begin` starts it."""
    name, text, seconds = sys.argv[1:]
    severity: Severity = TypeAdapter(Severity).validate_python(text)
    try:
        keep(read_shop(), known_faults()[name], severity, float(seconds))
    except ExampleError as error:
        print(error, flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
