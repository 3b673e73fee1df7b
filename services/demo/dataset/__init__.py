"""Ratings in MovieLens' format: read strictly, generated when there are none, split in train and held-out."""

from services.demo.dataset.generator import generate
from services.demo.dataset.held_out import split
from services.demo.dataset.loader import identify, load
from services.demo.dataset.ratings import Dataset, Ratings
from services.demo.dataset.source import DatasetSettings, find_folder
from services.demo.dataset.table import DatasetError

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
