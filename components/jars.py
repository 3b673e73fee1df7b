"""Programs for the Java machine: Maven downloads their jars, hashes say that they are the pinned ones."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from components import cache, pins
from components.compiler import BuildFailed
from components.toolchain import ToolchainMissing

MINIMUM_JAVA = 17
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
TAIL_LINES = 5


@dataclass(frozen=True)
class JarSet:
    """A program: pom.xml names its modules, jars.lock every jar with its SHA-256, as sha256sum prints it."""

    name: str
    title: str
    release: str

    @property
    def folder(self) -> Path:
        """The folder that holds pom.xml and jars.lock."""
        return pins.FOLDER / self.name

    @property
    def home(self) -> Path:
        """The folder of the jars once they are downloaded; it does not exist before."""
        digest = hashlib.sha256((self.folder / "pom.xml").read_bytes() + self.lock.read_bytes())
        return cache.root() / "components" / f"{self.name}-{digest.hexdigest()[:12]}"

    @property
    def lock(self) -> Path:
        """The names and hashes."""
        return self.folder / "jars.lock"


JAR_SETS = (
    JarSet(name="kafka", title="Apache Kafka", release="4.3.1"),
    JarSet(name="cassandra", title="Apache Cassandra", release="5.0.6"),
)


def select(name: str) -> JarSet:
    """The program of this name. Raises UnknownComponent with the known names where there is none."""
    found = next((each for each in JAR_SETS if each.name == name), None)
    if found is None:
        known = ", ".join(each.name for each in JAR_SETS)
        raise pins.UnknownComponent(f"unknown program {name!r}: choose from {known}")
    return found


def ensure(chosen: JarSet, say: Callable[[str], None]) -> Path:
    """The folder of a program's jars, downloaded first where the cache lacks them.

    Raises ToolchainMissing without Java or Maven, BuildFailed when the download is not what was pinned.
    """
    if not chosen.home.is_dir():
        with cache.exclusive(on_wait=lambda: say("another build is under way in this cache: waiting")):
            if not chosen.home.is_dir():
                say(f"{chosen.title} {chosen.release}: downloading its jars, this once")
                _download(chosen)
    return chosen.home


def find_java() -> Path:
    """The `java` of this machine. Raises ToolchainMissing where there is none, or an old one."""
    java = shutil.which("java")
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30) if java else None
    found = re.search(r'version "(\d+)', answer.stderr) if answer else None
    if not java or not found or int(found[1]) < MINIMUM_JAVA:
        raise ToolchainMissing(
            f"Java {MINIMUM_JAVA} or newer is needed: on Debian, apt-get install default-jre-headless maven"
        )
    return Path(java).absolute()


def _download(chosen: JarSet) -> None:
    find_java()
    maven = shutil.which("mvn")
    if not maven:
        raise ToolchainMissing("Maven is needed to download jars: on Debian, apt-get install maven")
    with cache.workspace() as work:
        output = work / "jars"
        command = [maven, "--batch-mode", "--quiet", "--file", str(chosen.folder / "pom.xml"), COPY]
        command += [f"-DoutputDirectory={output}", "-DincludeScope=runtime"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            tail = "\n".join(f"  {line}" for line in done.stdout.splitlines()[-TAIL_LINES:])
            raise BuildFailed(f"{chosen.title} {chosen.release} could not be downloaded:\n{tail}")
        if differences := list(_compare(output, chosen.lock)):
            raise BuildFailed(
                f"{chosen.title} {chosen.release} is not what was pinned: {', '.join(differences)}"
            )
        cache.publish(output, chosen.home)
    cache.prune(chosen.home)


def _compare(folder: Path, lock: Path) -> Iterator[str]:
    """What is missing, unknown or of another hash."""
    pinned = {name: digest for digest, name in (line.split() for line in lock.read_text().splitlines())}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in folder.iterdir()}
    for name in sorted(pinned | found):
        if pinned.get(name) != found.get(name):
            yield f"{name} is {'missing' if name not in found else 'another one, or not pinned'}"
