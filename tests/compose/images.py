"""The images the compose file names: pulled, or where no registry can be reached, stand-ins.

A stand-in has our build of the program at the path, with entrypoint and user of the upstream image (by the
Dockerfiles in the pinned modules). Bearing upstream names, they are made in an engine of our own only.
"""

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from components import cache
from components.build import ensure
from tests.compose.engine import Engine, NoEngine

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PYTHON_PACKAGES = "python3,python3-pip,python3-venv,ca-certificates"
LABEL = "whence.stand-in"
BUSYBOX = "busybox"
"""In `StandIn.files`: a static busybox with links for its commands, instead of a component's binary."""


GO = """#!/bin/sh
while [ "$1" != -o ]; do shift; done
cp /built/minio "$2"
"""
"""Hands out our build of MinIO instead of compiling it for minutes: all else of its Dockerfile is real."""


@dataclass(frozen=True)
class StandIn:
    """Files (path → binary), folders (path → owner's uid), scripts and `docker import`'s changes."""

    files: Mapping[str, str]
    changes: tuple[str, ...]
    folders: Mapping[str, int] = field(default_factory=dict)
    scripts: Mapping[str, str] = field(default_factory=dict)


STAND_INS = {
    "PROMETHEUS_IMAGE": StandIn(
        {"/bin/prometheus": "prometheus", "/bin/promtool": "promtool", "/bin/busybox": BUSYBOX},
        ('ENTRYPOINT ["/bin/prometheus"]', "USER 65534", "VOLUME /prometheus", "WORKDIR /prometheus"),
        {"/prometheus": 65534},
    ),
    "ALERTMANAGER_IMAGE": StandIn(
        {"/bin/alertmanager": "alertmanager", "/bin/amtool": "amtool", "/bin/busybox": BUSYBOX},
        ('ENTRYPOINT ["/bin/alertmanager"]', "USER 65534", "VOLUME /alertmanager", "WORKDIR /alertmanager"),
        {"/alertmanager": 65534},
    ),
    "JAEGER_IMAGE": StandIn(
        {"/cmd/jaeger/jaeger-linux": "jaeger", "/bin/busybox": BUSYBOX},
        ('ENTRYPOINT ["/cmd/jaeger/jaeger-linux"]', "USER 10001", "VOLUME /tmp"),
    ),
    "COLLECTOR_IMAGE": StandIn(
        {"/otelcol-contrib": "otelcol-whence"}, ('ENTRYPOINT ["/otelcol-contrib"]', "USER 10001:10001")
    ),
    "TOXIPROXY_IMAGE": StandIn(
        {"/toxiproxy": "toxiproxy-server", "/toxiproxy-cli": "toxiproxy-cli"},
        ('ENTRYPOINT ["/toxiproxy"]', 'CMD ["-host=0.0.0.0"]'),
    ),
    "ALPINE_IMAGE": StandIn({"/bin/busybox": BUSYBOX}, ('CMD ["/bin/sh"]',)),
    "GOLANG_IMAGE": StandIn(
        {"/built/minio": "minio", "/bin/busybox": BUSYBOX},
        ('CMD ["/bin/sh"]', "ENV PATH=/usr/local/go/bin:/bin"),
        scripts={"/usr/local/go/bin/go": GO},
    ),
}


def provide_images(engine: Engine, names: Mapping[str, str]) -> list[str]:
    """Makes the images (reference by variable) exist in the engine; the variables of those not to be had.

    Raises NoEngine when they could only be made in somebody else's engine.
    """
    missing = [variable for variable, image in names.items() if not _exists(engine, image)]
    if missing and not engine.own and not _pull(engine, names[missing[0]]):
        raise NoEngine("images can neither be pulled nor, in an engine that is not the tests' own, replaced")
    if missing and _pull(engine, names[missing[0]]):
        return [variable for variable in missing if not _pull(engine, names[variable])]
    for variable in STAND_INS.keys() & names.keys():
        _make(engine, names[variable], STAND_INS[variable])
    if "PYTHON_IMAGE" in missing:
        _make_python(engine, names["PYTHON_IMAGE"])
    return [variable for variable in missing if variable not in (*STAND_INS, "PYTHON_IMAGE")]


def _exists(engine: Engine, image: str) -> bool:
    return engine.docker("image", "inspect", image, check=False).returncode == 0


def _pull(engine: Engine, image: str) -> bool:
    return engine.docker("pull", "--quiet", image, check=False, timeout=900).returncode == 0


def _make(engine: Engine, image: str, stand_in: StandIn) -> None:
    """Makes a stand-in unless the engine has it from the same files."""
    binaries = ensure([name for name in stand_in.files.values() if name != BUSYBOX])
    sources = {
        path: _busybox() if name == BUSYBOX else binaries[name] for path, name in stand_in.files.items()
    }
    key = hashlib.sha256(repr((stand_in, sorted(map(str, sources.values())))).encode()).hexdigest()[:12]
    labels = engine.docker(
        "image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', image, check=False
    )
    if labels.stdout.strip() == key:
        return
    with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
        with tarfile.open(archive.name, "w") as tar:
            _add_folders(tar, {"/tmp": 0, **stand_in.folders})
            _add_scripts(tar, stand_in.scripts)
            for path, source in sources.items():
                tar.add(source, path.lstrip("/"), filter=_as_root)
            if BUSYBOX in stand_in.files.values():
                _link_commands(tar, _busybox())
        _import(engine, image, Path(archive.name), (*stand_in.changes, f"LABEL {LABEL}={key}"))


def _add_folders(tar: tarfile.TarFile, folders: Mapping[str, int]) -> None:
    for path, owner in folders.items():
        entry = tarfile.TarInfo(path.lstrip("/"))
        entry.type, entry.uid, entry.gid = tarfile.DIRTYPE, owner, owner
        entry.mode = 0o1777 if path == "/tmp" else 0o755
        tar.addfile(entry)


def _add_scripts(tar: tarfile.TarFile, scripts: Mapping[str, str]) -> None:
    for path, text in scripts.items():
        entry = tarfile.TarInfo(path.lstrip("/"))
        entry.size, entry.mode = len(text), 0o755
        tar.addfile(entry, io.BytesIO(text.encode()))


def _link_commands(tar: tarfile.TarFile, busybox: Path) -> None:
    commands = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    for command in set(commands) - {"busybox"}:
        entry = tarfile.TarInfo(f"bin/{command}")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/bin/busybox"
        tar.addfile(entry)


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.mode = 0o755
    return entry


def _import(engine: Engine, image: str, archive: Path, changes: tuple[str, ...]) -> None:
    options = [part for change in changes for part in ("--change", change)]
    engine.docker("import", *options, str(archive), image)


def _busybox() -> Path:
    """A static busybox, from Debian's package."""
    binary = cache.root() / "engine-parts" / "busybox"
    if not binary.exists():
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            subprocess.run(
                ["apt-get", "download", "-qq", "busybox-static"], cwd=folder, check=True, capture_output=True
            )
            (package,) = Path(folder).glob("*.deb")
            subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
            binary.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(next(Path(folder).rglob("bin/busybox")), binary)
    return binary


def _make_python(engine: Engine, image: str) -> None:
    """Debian's own Python 3.13, trusting whom this machine trusts: without that pip cannot download here."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        command = ["debootstrap", "--variant=minbase", f"--include={PYTHON_PACKAGES}", "trixie", str(root)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        if done.returncode != 0:
            raise NoEngine(f"debootstrap cannot make a Python image: {done.stdout[-400:]}")
        shutil.copy(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
        (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
        archive = Path(folder) / "root.tar"
        subprocess.run(
            ["tar", "-C", root, "--exclude=./var/cache/apt/archives/*.deb", "-cf", archive, "."], check=True
        )
        changes = (
            f"ENV PIP_CERT={CERTIFICATES} PIP_DEFAULT_TIMEOUT=120",
            "ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        )
        _import(engine, image, archive, changes)
