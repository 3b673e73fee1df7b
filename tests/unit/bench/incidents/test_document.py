from pathlib import Path

import pytest

from bench.incidents.document import BEGIN, END, write_page
from bench.incidents.outcome import Failure
from bench.incidents.tables import tabulate
from stack import ROOT
from tests.unit.bench.incidents.drawn import draw_outcome

OUTCOMES = [draw_outcome("bad-model"), draw_outcome("storage-jitter", "unknown"), draw_outcome("none")]


def test_only_what_is_between_the_markers_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Mine\n\n{BEGIN}\n\nold\n\n{END}\n\nalso mine\n")
    failure = Failure(scenario="bad-model", at=1, reason="the machine is busy\nits log")
    write_page(page, OUTCOMES, [failure], 5, tabulate(OUTCOMES), "make something")
    text = page.read_text()
    assert text.startswith(f"# Mine\n\n{BEGIN}\n") and text.endswith(f"{END}\n\nalso mine\n")
    assert "old" not in text and "$ make something" in text
    assert "3 of 5 scenarios" in text
    assert "1 attempts failed and were repeated: bad-model: the machine is busy." in text
    assert "| storage-jitter | hit rate 0.6 → 0.3 |" in text


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Mine\n")
    with pytest.raises(ValueError, match="needs one line <!-- begin"):
        write_page(page, OUTCOMES, [], 5, [], "make something")
    assert page.read_text() == "# Mine\n"


def test_the_page_in_the_repo_has_its_markers() -> None:
    text = (ROOT / "docs" / "benchmark.md").read_text()
    assert text.index(BEGIN) < text.index(END)
