import numpy as np
import pytest

from services.demo.storage.arrays import pack
from services.demo.storage.history import CorruptHistory, History, Seen, gather, join

EARLY = Seen(1.0, 7, (5, 6), (0,))
LATE = Seen(2.0, 8, (5, 6, 9), (2,))


def test_an_object_comes_back_as_it_was_written() -> None:
    read = History.from_bytes(gather([EARLY, LATE]).to_bytes())
    assert read.at.tolist() == [1.0, 2.0] and read.user_ids.tolist() == [7, 8]
    assert read.item_ids.tolist() == [5, 6, 5, 6, 9]
    assert read.clicked.tolist() == [True, False, False, False, True]
    assert read.answers.tolist() == [0, 0, 1, 1, 1] and read.places.tolist() == [0, 1, 0, 1, 2]


def test_objects_of_several_workers_are_joined_in_the_order_of_time() -> None:
    joined = join([gather([LATE]), gather([]), gather([EARLY])])
    assert joined.user_ids.tolist() == [7, 8] and joined.item_ids.tolist() == [5, 6, 5, 6, 9]
    assert len(join([])) == 0


def test_some_answers_are_chosen_with_their_items() -> None:
    chosen = gather([EARLY, LATE]).select(np.array([False, True]))
    assert chosen.user_ids.tolist() == [8] and chosen.item_ids.tolist() == [5, 6, 9]
    assert chosen.indptr.tolist() == [0, 3]


@pytest.mark.parametrize(
    "changes",
    [
        {"indptr": np.array([0, 9])},
        {"indptr": np.array([0, 2, 2])},
        {"user_ids": np.array([], dtype=np.int64)},
        {"clicked": np.array([True])},
        {"at": np.array(["now"])},
    ],
)
def test_an_object_that_makes_no_sense_is_refused(changes: dict[str, np.ndarray]) -> None:
    arrays = {name: getattr(gather([EARLY]), name) for name in History.__dataclass_fields__}
    with pytest.raises(CorruptHistory):
        History.from_bytes(pack(arrays | changes))


def test_bytes_that_are_no_arrays_are_refused() -> None:
    with pytest.raises(CorruptHistory):
        History.from_bytes(b"no archive")
