import stat
from pathlib import Path

from stack.credentials import GENERATED, ensure_credentials


def test_generated_once_and_only_readable_by_the_user(tmp_path: Path) -> None:
    file = tmp_path / ".secrets.env"
    first = ensure_credentials(file)
    assert ensure_credentials(file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len({first[name] for name in GENERATED}) == len(GENERATED)


def test_what_the_user_set_is_kept_and_what_is_empty_is_generated(tmp_path: Path) -> None:
    file = tmp_path / ".secrets.env"
    file.write_text("WEBHOOK_TOKEN=mine\nGRAFANA_ADMIN_PASSWORD=\n")
    credentials = ensure_credentials(file)
    assert credentials["WEBHOOK_TOKEN"] == "mine"
    assert len(credentials["GRAFANA_ADMIN_PASSWORD"]) > 20
