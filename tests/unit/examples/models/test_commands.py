"""The commands: what they change, and how they refuse."""

from pathlib import Path

import pytest

from examples.models.__main__ import main
from examples.models.faults.catalogue import read_faults
from examples.models.faults.change import Changes


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELS_DATA", str(tmp_path))
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["examples.models", *arguments])
    main()


def test_a_fault_is_in_force_listed_and_mended(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "break", "checkout-unit-change", "low", "--for", "60")
    assert "(amount)" in capsys.readouterr().out
    now = Changes(folder / "changes", "checkout").now
    assert (now.multiply, now.share) == ({"amount": 100}, 0.3)
    run(monkeypatch, "faults")
    listed = capsys.readouterr().out.splitlines()
    assert [line for line in listed if "s left]" in line][0].startswith("checkout-unit-change")
    assert sum(name in "\n".join(listed) for name in read_faults()) == len(read_faults())
    run(monkeypatch, "mend")
    assert "Mended: checkout-unit-change." in capsys.readouterr().out
    run(monkeypatch, "mend")
    assert "Nothing was broken." in capsys.readouterr().out


def test_another_fault_of_an_example_takes_the_place_of_the_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, "break", "checkout-unit-change")
    run(monkeypatch, "break", "checkout-bad-version", "low")
    now = Changes(folder / "changes", "checkout").now
    assert (now.version, now.multiply) == ("1.1.0", {})


def test_a_restart_of_what_does_not_run_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="cannot restart checkout: start it with `make models`"):
        run(monkeypatch, "break", "checkout-restart")


@pytest.mark.parametrize(
    "arguments",
    [
        ("break", "fire"),
        ("break", "checkout-restart", "huge"),
        ("break", "checkout-nothing", "--for", "0"),
        ("call", "checkout", "--rate", "1000"),
        ("call", "checkout", "--rate", "nan"),
        ("call", "elsewhere"),
    ],
)
def test_wrong_use_has_status_two(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as refused:
        run(monkeypatch, *arguments)
    assert refused.value.code == 2


def test_a_port_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELS_CHECKOUT_PORT", "many")
    with pytest.raises(SystemExit, match="MODELS_CHECKOUT_PORT='many' is no port"):
        run(monkeypatch, "mend")
