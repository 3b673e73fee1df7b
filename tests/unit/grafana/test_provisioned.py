import shutil
from pathlib import Path

import pytest

from config import Config
from grafana import provisioned
from grafana.provisioned import FOLDER, PROVIDER_FILE, check_provisioning, provide_dashboards
from grafana.strict import FormatError

SOURCES = "datasources/datasources.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "provisioning"))


def test_the_committed_files_pass() -> None:
    assert {source.uid for source in check_provisioning().datasources} == {"prometheus", "jaeger"}


def test_the_provider_is_what_grafana_is_told() -> None:
    assert provide_dashboards(Config()) == (FOLDER / "dashboards" / PROVIDER_FILE).read_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("updateIntervalSeconds: 30", "updateIntervalSeconds: 10", "updateIntervalSeconds"),
        ("$WHENCE_DASHBOARDS", "$DASHBOARDS", r"\$DASHBOARDS is not set for Grafana"),
        ("folderUid: whence", "folderUID: whence", "folderU"),
        ("type: file", "type: files", "type"),
    ],
)
def test_a_wrong_provider_is_refused(
    old: str, new: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provisioned, "PROVIDER", provisioned.PROVIDER.replace(old, new))
    with pytest.raises(FormatError, match=message):
        provide_dashboards(Config())


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (SOURCES, "uid: jaeger\n    type", "uid: prometheus\n    type", "'prometheus' comes twice"),
        (SOURCES, "datasourceUid: jaeger", "datasourceUid: tempo", "data source 'tempo', which is not there"),
        (SOURCES, "isDefault: true", "isDefault: false", "exactly one data source"),
        (SOURCES, "httpMethod: POST", "httpMethod: GET", "httpMethod"),
        (SOURCES, '"$${__span.name}"', '"${__span.name}"', "is not set for Grafana"),
        (SOURCES, "$JAEGER_URL", "http://jaeger:16686", "url"),
        (SOURCES, "editable: false", "editible: false", "edit"),
    ],
)
def test_a_wrong_file_is_refused(folder: Path, file: str, old: str, new: str, message: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    with pytest.raises(FormatError, match=message):
        check_provisioning(folder)
