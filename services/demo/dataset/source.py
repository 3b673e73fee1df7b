"""Which data set is used."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from services.demo.dataset.generator import generate
from services.demo.dataset.table import DatasetError


class DatasetSettings(BaseSettings):
    """DATASET names a MovieLens folder; empty means the generated one, kept under DATA_DIR."""

    dataset: str = ""
    data_dir: Path = Path("data")
    skip_bad_rows: bool = Field(default=False, validation_alias="DATASET_SKIP_BAD_ROWS")


def find_folder(settings: DatasetSettings) -> Path:
    """The folder to read, generated first if it is the default one and missing; raises `DatasetError`."""
    if not settings.dataset:
        folder = settings.data_dir / "datasets" / "generated"
        generate(folder)
        return folder
    folder = Path(settings.dataset).expanduser()
    if not folder.is_dir():
        raise DatasetError(
            f"DATASET={settings.dataset}: no such folder; it should hold ratings.csv and movies.csv"
        )
    return folder
