"""The report about the live stack."""

from pathlib import Path

from tests.e2e.live import Stack


def test_report_about_a_young_stack_knows_everything_it_asks(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "review.html"
    done = stack.run("report", "--since", "7d", "--out", str(file))
    assert done.stdout.strip() == str(file)
    page = file.read_text()
    assert "of this period is before the stack existed" in page
    assert "Not known." not in page and "No data." not in page
    assert "Storage" in page and "personalised" in page and "als32-" in page


def test_report_without_the_inbox_tells_the_rest(stack: Stack, tmp_path: Path) -> None:
    stack.environment["INCIDENTS_URL"] = "http://127.0.0.1:9"
    try:
        stack.run("report", "--since", "1h", "--out", str(tmp_path / "review.html"))
    finally:
        del stack.environment["INCIDENTS_URL"]
    page = (tmp_path / "review.html").read_text()
    assert page.count("The incidents service cannot be reached") == 2 and "personalised" in page
