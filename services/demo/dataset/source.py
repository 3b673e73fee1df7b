"""Which data set is used."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from services.demo.dataset.errors import DatasetError
from services.demo.dataset.generator import generate
from services.demo.dataset.layout import WELL_KNOWN, Columns


class DatasetSettings(BaseSettings):
    """DATASET names a folder of ratings; empty means the generated one, kept under DATA_DIR.

    DATASET_USER, DATASET_ITEM, DATASET_RATING and DATASET_TIME name columns that have no well-known name.
    """

    dataset: str = ""
    data_dir: Path = Path("data")
    skip_bad_rows: bool = Field(default=False, validation_alias="DATASET_SKIP_BAD_ROWS")
    dataset_user: str = ""
    dataset_item: str = ""
    dataset_rating: str = ""
    dataset_time: str = ""

    @property
    def columns(self) -> Columns:
        """The named columns; the generated data set has none."""
        if not self.dataset:
            return WELL_KNOWN
        return Columns(self.dataset_user, self.dataset_item, self.dataset_rating, self.dataset_time)


def find_folder(settings: DatasetSettings) -> Path:
    """The folder to read, generated first if it is the default one and missing; raises `DatasetError`."""
    if not settings.dataset:
        folder = settings.data_dir / "datasets" / "generated"
        generate(folder)
        return folder
    folder = Path(settings.dataset).expanduser()
    if not folder.exists():
        raise DatasetError(
            f"DATASET={settings.dataset}: no such folder; it should hold ratings.csv and movies.csv"
        )
    return folder
