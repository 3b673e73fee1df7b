"""Jars are taken when they are the pinned ones, all of them and no others."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from components import jars, pins
from components.compiler import BuildFailed
from components.jars import JAR_SETS, JarSet
from components.toolchain import ToolchainMissing

PROBE = JarSet(name="probe", title="Probe", release="1.0")
JAVA = """#!/bin/sh
echo 'openjdk version "{version}" 2025-04-15' >&2
"""
MAVEN = """#!/bin/sh
for argument; do case "$argument" in -DoutputDirectory=*) folder="${argument#*=}";; esac; done
mkdir -p "$folder"
for name in $FAKE_JARS; do printf %s "$name" > "$folder/$name"; done
[ -z "$FAKE_MAVEN_FAILS" ] || { echo 'ERROR: no such artifact'; exit 1; }
"""


@pytest.fixture
def probe(
    tmp_path: Path, cache_root: Path, monkeypatch: pytest.MonkeyPatch, program: Callable[[str, str], Path]
) -> JarSet:
    """A program of two jars, a Maven that "downloads" what FAKE_JARS names, and a Java."""
    folder = tmp_path / "pins" / "probe"
    folder.mkdir(parents=True)
    (folder / "pom.xml").write_text("<project/>")
    lock = [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in ("a.jar", "b.jar")]
    (folder / "jars.lock").write_text("".join(lock))
    monkeypatch.setattr(pins, "FOLDER", tmp_path / "pins")
    program("mvn", MAVEN)
    monkeypatch.setenv("PATH", f"{program('java', JAVA.format(version='17.0.15')).parent}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_JARS", "a.jar b.jar")
    return PROBE


def test_the_pinned_jars_are_downloaded_once(probe: JarSet, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    home = jars.ensure(probe, said.append)
    assert {jar.name for jar in home.iterdir()} == {"a.jar", "b.jar"}
    monkeypatch.setenv("FAKE_MAVEN_FAILS", "1")
    assert jars.ensure(probe, said.append) == home
    assert len(said) == 1


@pytest.mark.parametrize("found", ["a.jar", "a.jar b.jar c.jar"])
def test_one_jar_less_or_more_is_refused_by_name(
    found: str, probe: JarSet, monkeypatch: pytest.MonkeyPatch, cache_root: Path
) -> None:
    monkeypatch.setenv("FAKE_JARS", found)
    with pytest.raises(BuildFailed, match=r"not what was pinned: [bc]\.jar"):
        jars.ensure(probe, lambda _: None)
    assert [each.name for each in cache_root.iterdir()] == [".lock"]


def test_a_changed_jar_is_refused(probe: JarSet) -> None:
    probe.lock.write_text(
        probe.lock.read_text().replace("a.jar", "x").replace("b.jar", "a.jar").replace("x", "b.jar")
    )
    with pytest.raises(BuildFailed, match="a.jar is another one"):
        jars.ensure(probe, lambda _: None)


def test_a_failed_download_says_what_maven_said(probe: JarSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_MAVEN_FAILS", "1")
    with pytest.raises(BuildFailed, match=r"(?s)Probe 1\.0 could not be downloaded.*no such artifact"):
        jars.ensure(probe, lambda _: None)


def test_an_old_java_is_refused(
    probe: JarSet, program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program("java", JAVA.format(version="11.0.2"))
    with pytest.raises(ToolchainMissing, match="Java 17 or newer"):
        jars.find_java()


@pytest.mark.parametrize("chosen", JAR_SETS, ids=lambda chosen: chosen.name)
def test_the_release_is_that_of_the_pins(chosen: JarSet) -> None:
    assert f"<version>{chosen.release}</version>" in (chosen.folder / "pom.xml").read_text()
    assert f"-{chosen.release}.jar\n" in chosen.lock.read_text()
