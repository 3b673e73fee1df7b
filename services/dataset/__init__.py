"""Ratings in MovieLens' format: read strictly, generated when there are none, split in train and held-out."""

from services.dataset.generator import generate
from services.dataset.held_out import split
from services.dataset.loader import identify, load
from services.dataset.ratings import Dataset, Ratings
from services.dataset.source import DatasetSettings, find_folder
from services.dataset.table import DatasetError

__all__ = [
    "Dataset",
    "DatasetError",
    "DatasetSettings",
    "Ratings",
    "find_folder",
    "generate",
    "identify",
    "load",
    "split",
]
