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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from components import cache, jars
from components.build import ensure
from tests.compose.engine import Engine, NoEngine

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PYTHON_PACKAGES = "python3,python3-pip,python3-venv,ca-certificates"
DEBIAN_IMAGE = "whence/stand-in:debian"
DEBIAN_SUITE = "bookworm"
"""The last with Java 17, beyond which Cassandra does not go."""
DEBIAN_PACKAGES = "bash,openjdk-17-jre-headless,wget"
DEBIAN_DAEMONS = ("haproxy", "postgresql-15")
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


@dataclass(frozen=True)
class DebianStandIn:
    """Debian's packages, the jars of a program in a folder, scripts, and the rest of its Dockerfile."""

    lines: tuple[str, ...]
    jars: tuple[str, str] | None = None
    """The program, and the folder where its jars are in the upstream image."""
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


DATABASE = """#!/bin/sh
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" $POSTGRES_INITDB_ARGS
  echo "CREATE DATABASE $POSTGRES_DB;" | postgres --single template1
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
fi
exec "$@"
"""
"""What the upstream image's entrypoint does with the variables that the compose file sets."""

DISTRIBUTED_STAND_INS: Mapping[str, StandIn | DebianStandIn] = {
    "THANOS_IMAGE": StandIn(
        {"/bin/thanos": "thanos", "/bin/busybox": BUSYBOX}, ('ENTRYPOINT ["/bin/thanos"]', "USER 1001")
    ),
    "COLLECTOR_IMAGE": StandIn(
        {"/otelcol-contrib": "otelcol-whence-scale"}, STAND_INS["COLLECTOR_IMAGE"].changes
    ),
    "KAFKA_IMAGE": DebianStandIn(
        (
            "RUN install -d -o 1000 /var/lib/kafka/data /etc/kafka/secrets /mnt/shared/config",
            "USER 1000",
            'VOLUME ["/etc/kafka/secrets", "/var/lib/kafka/data", "/mnt/shared/config"]',
        ),
        ("kafka", "/opt/kafka/libs"),
    ),
    "CASSANDRA_IMAGE": DebianStandIn(
        ("RUN install -d -o 999 -g 999 -m 1777 /var/lib/cassandra", "VOLUME /var/lib/cassandra"),
        ("cassandra", "/opt/cassandra/lib"),
    ),
    "HAPROXY_IMAGE": DebianStandIn(("USER 99",)),
    "POSTGRESQL_IMAGE": DebianStandIn(
        (
            "ENV PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data",
            "RUN echo 'database:x:70:70::/:/bin/sh' >> /etc/passwd"
            " && install -d -o 70 -g 70 -m 1777 $PGDATA && mkdir -p /var/run/postgresql",
            'ENTRYPOINT ["/usr/local/bin/docker-entrypoint.sh"]',
        ),
        scripts={"docker-entrypoint.sh": DATABASE},
    ),
}
"""Beside those of one machine; this collector knows Kafka."""


def provide_images(
    engine: Engine, names: Mapping[str, str], stand_ins: Mapping[str, StandIn | DebianStandIn] = STAND_INS
) -> list[str]:
    """Makes the images (reference by variable) exist in the engine; the variables of those not to be had.

    Raises NoEngine when they could only be made in somebody else's engine.
    """
    missing = [variable for variable, image in names.items() if not _exists(engine, image)]
    if missing and not engine.own and not _pull(engine, names[missing[0]]):
        raise NoEngine("images can neither be pulled nor, in an engine that is not the tests' own, replaced")
    if missing and _pull(engine, names[missing[0]]):
        return [variable for variable in missing if not _pull(engine, names[variable])]
    for variable in stand_ins.keys() & names.keys():
        stand_in = stand_ins[variable]
        if isinstance(stand_in, StandIn):
            _make(engine, names[variable], stand_in)
        else:
            _make_of_debian(engine, names[variable], stand_in)
    if "PYTHON_IMAGE" in missing:
        _make_python(engine, names["PYTHON_IMAGE"])
    return [variable for variable in missing if variable not in (*stand_ins, "PYTHON_IMAGE")]


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
    key = _hash(stand_in, sorted(map(str, sources.values())))
    if _find_label(engine, image) == key:
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


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _find_label(engine: Engine, image: str) -> str:
    """What an image was made of; empty where there is none, or one that is not a stand-in."""
    wanted = f'{{{{index .Config.Labels "{LABEL}"}}}}'
    return engine.docker("image", "inspect", "--format", wanted, image, check=False).stdout.strip()


def _make_of_debian(engine: Engine, image: str, stand_in: DebianStandIn) -> None:
    """Makes a stand-in unless the engine has it from the same packages and jars."""
    chosen = jars.select(stand_in.jars[0]) if stand_in.jars else None
    key = _hash(stand_in, DEBIAN_SUITE, DEBIAN_PACKAGES, DEBIAN_DAEMONS, chosen and str(chosen.home))
    if _find_label(engine, image) == key:
        return
    if not _exists(engine, DEBIAN_IMAGE):
        _bootstrap(engine, DEBIAN_IMAGE, DEBIAN_SUITE, DEBIAN_PACKAGES, daemons=DEBIAN_DAEMONS)
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        lines = [f"FROM {DEBIAN_IMAGE}"]
        if chosen and stand_in.jars:
            shutil.copytree(jars.ensure(chosen, print), context / "jars")
            lines.append(f"COPY jars {stand_in.jars[1]}")
        for name, text in stand_in.scripts.items():
            (context / name).write_text(text)
            (context / name).chmod(0o755)
            lines.append(f"COPY {name} /usr/local/bin/")
        (context / "Dockerfile").write_text("\n".join([*lines, *stand_in.lines, ""]))
        engine.docker("build", "--quiet", "--tag", image, "--label", f"{LABEL}={key}", folder)


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
    _bootstrap(
        engine,
        image,
        "trixie",
        PYTHON_PACKAGES,
        f"ENV PIP_CERT={CERTIFICATES} PIP_DEFAULT_TIMEOUT=120",
    )


def _bootstrap(
    engine: Engine, image: str, suite: str, packages: str, *changes: str, daemons: Sequence[str] = ()
) -> None:
    """An image of Debian with packages, and `python` where there is one."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        command = ["debootstrap", "--variant=minbase", f"--include={packages}", suite, str(root)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
        if done.returncode != 0:
            raise NoEngine(f"debootstrap cannot make an image with {packages}: {done.stdout[-400:]}")
        if daemons:
            _install_daemons(root, daemons)
        (root / CERTIFICATES.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
        (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
        archive = Path(folder) / "root.tar"
        subprocess.run(
            ["tar", "-C", root, "--exclude=./var/cache/apt/archives/*.deb", "-cf", archive, "."], check=True
        )
        path = "ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        _import(engine, image, archive, (*changes, path))


def _install_daemons(root: Path, packages: Sequence[str]) -> None:
    """Packages that would start what they bring, here and now."""
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    clusters = root / "etc/postgresql-common/createcluster.conf"
    clusters.parent.mkdir(parents=True)
    clusters.write_text("create_main_cluster = false\n")
    install = [
        "chroot",
        str(root),
        "apt-get",
        "install",
        "-qq",
        "--yes",
        "--no-install-recommends",
        *packages,
    ]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "UCF_FORCE_CONFFOLD": "1"}
    done = subprocess.run(install, env=environment, capture_output=True, text=True, timeout=1800, check=False)
    if done.returncode != 0:
        raise NoEngine(f"no {' or '.join(packages)} for an image: {done.stderr[-400:]}")
