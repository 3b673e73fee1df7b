"""The recordings in the repo; `make bench-replay` diagnoses them anew."""

from bench.incidents.recording import LARGEST, RECORDINGS, SUFFIX


def test_recordings_stay_small() -> None:
    sizes = {file.name: file.stat().st_size for file in RECORDINGS.glob(f"*{SUFFIX}")}
    assert all(size <= LARGEST for size in sizes.values()), sizes
