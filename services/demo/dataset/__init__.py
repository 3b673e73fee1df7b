"""Ratings: read strictly in many layouts, generated when there are none, split into training and held-out."""

from services.demo.dataset.errors import DatasetError
from services.demo.dataset.files import find_ratings
from services.demo.dataset.generator import generate
from services.demo.dataset.held_out import split
from services.demo.dataset.layout import WELL_KNOWN, Columns
from services.demo.dataset.loader import identify, load
from services.demo.dataset.ratings import Dataset, Ratings
from services.demo.dataset.source import DatasetSettings, find_folder

__all__ = [
    "WELL_KNOWN",
    "Columns",
    "Dataset",
    "DatasetError",
    "DatasetSettings",
    "Ratings",
    "find_folder",
    "find_ratings",
    "generate",
    "identify",
    "load",
    "split",
]
