"""Reading a MovieLens folder: every malformed row is an error with its line, or is counted."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.demo.dataset import DatasetError, identify, load

MOVIES = b'movieId,title,genres\n1,One (2001),Drama\n2,"Two, Again (2002)",Drama|Dream\n30,Three,None\n'
RATINGS = b"userId,movieId,rating,timestamp\n7,1,4.0,1000\n7,2,0.5,1001\n8,30,5,1002\n"


def write(folder: Path, ratings: bytes = RATINGS, movies: bytes = MOVIES) -> Path:
    (folder / "ratings.csv").write_bytes(ratings)
    (folder / "movies.csv").write_bytes(movies)
    return folder


def test_good_files_are_read_whole(tmp_path: Path) -> None:
    dataset = load(write(tmp_path))
    assert dataset.ratings.user_ids.tolist() == [7, 7, 8]
    assert dataset.ratings.movie_ids.tolist() == [1, 2, 30]
    assert dataset.ratings.values.tolist() == [4.0, 0.5, 5.0]
    assert dataset.ratings.timestamps.tolist() == [1000, 1001, 1002]
    assert dataset.ratings.user_ids.dtype == np.int32
    assert dataset.titles == {1: "One (2001)", 2: "Two, Again (2002)", 30: "Three"}
    assert dataset.skipped == {}


@pytest.mark.parametrize(
    "change", [lambda data: data.replace(b"\n", b"\r\n"), lambda data: b"\xef\xbb\xbf" + data]
)
def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(tmp_path: Path, change) -> None:  # type: ignore[no-untyped-def]
    assert len(load(write(tmp_path, change(RATINGS), change(MOVIES))).ratings) == 3


BAD_ROWS = [
    (b"7,1,4.0", "column_count", "expected 4 columns, found 3"),
    (b"7,30,4.0,1000,x", "column_count", "expected 4 columns, found 5"),
    (b"", "column_count", "expected 4 columns, found 1"),
    (b"seven,1,4.0,1000", "bad_user_id", "userId 'seven' is not a whole number"),
    (b"-7,1,4.0,1000", "bad_user_id", "userId '-7'"),
    (b"3000000000,1,4.0,1000", "bad_user_id", "from 0 to 2147483646"),
    ("٧,1,4.0,1000".encode(), "bad_user_id", "is not a whole number"),
    (b"7,1.5,4.0,1000", "bad_movie_id", "movieId '1.5' is not a whole number"),
    (b"9,1,good,1000", "bad_rating", "rating 'good' is not a number"),
    (b"9,1,nan,1000", "bad_rating", "rating 'nan' is not a number"),
    (b"9,1,1e0,1000", "bad_rating", "rating '1e0' is not a number"),
    (b"9,1,0.0,1000", "rating_out_of_range", "rating 0.0 is outside 0.5"),
    (b"9,1,5.5,1000", "rating_out_of_range", "rating 5.5 is outside 0.5"),
    (b"9,1,4.0,yesterday", "bad_timestamp", "timestamp 'yesterday' is not a whole number of seconds"),
    (b"9,1,4.0,-5", "bad_timestamp", "timestamp '-5'"),
    (b"9,99,4.0,1000", "unknown_movie", "movieId 99 is not in movies.csv"),
    (b"7,2,3.0,2000", "duplicate_rating", "user 7 rated movie 2 before"),
    (b"9,1,\xff4.0,1000", "bad_encoding", "byte 5 of the line is not UTF-8"),
    (b'9,"1,4.0,1000', "bad_quoting", "bad quoting"),
]


@pytest.mark.parametrize(("row", "kind", "message"), BAD_ROWS, ids=[f"{r[:12]!r}" for r, _, _ in BAD_ROWS])
def test_a_bad_rating_is_an_error_with_its_line_or_is_counted(
    tmp_path: Path, row: bytes, kind: str, message: str
) -> None:
    write(tmp_path, RATINGS + row + b"\n9,2,3.0,1003\n")
    with pytest.raises(DatasetError) as error:
        load(tmp_path)
    assert str(error.value).startswith(f"{tmp_path / 'ratings.csv'}:5: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    dataset = load(tmp_path, skip_bad_rows=True)
    assert dataset.skipped == {kind: 1}
    assert len(dataset.ratings) == 4


@pytest.mark.parametrize(
    ("row", "kind", "message"),
    [
        (b"4,No genres", "column_count", "expected 3 columns, found 2"),
        (b"four,Four,Drama", "bad_movie_id", "movieId 'four' is not a whole number"),
        (b"1,One again,Drama", "duplicate_movie", "movieId 1 is listed twice"),
        (b'4,"Half quoted,Drama', "bad_quoting", "bad quoting"),
    ],
)
def test_a_bad_movie_is_an_error_with_its_line_or_is_counted(
    tmp_path: Path, row: bytes, kind: str, message: str
) -> None:
    write(tmp_path, movies=MOVIES + row + b"\n")
    with pytest.raises(DatasetError, match=rf"movies\.csv:5: {message}"):
        load(tmp_path)
    assert load(tmp_path, skip_bad_rows=True).skipped == {kind: 1}


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize(
    ("ratings", "movies", "message"),
    [
        (b"", MOVIES, r"ratings\.csv:1: the file is empty"),
        (
            b"a,b,c,d\n" + RATINGS.split(b"\n", 1)[1],
            MOVIES,
            r"ratings\.csv:1: expected the header userId,movieId",
        ),
        (RATINGS.decode().encode("utf-16"), MOVIES, r"ratings\.csv: is text in UTF-16"),
        (RATINGS, b"", r"movies\.csv:1: the file is empty"),
        (b"userId,movieId,rating,timestamp\n", MOVIES, r"ratings\.csv: no usable rating"),
    ],
)
def test_a_file_that_is_no_data_set_is_an_error_even_when_skipping(
    tmp_path: Path, ratings: bytes, movies: bytes, message: str, skip: bool
) -> None:
    with pytest.raises(DatasetError, match=message):
        load(write(tmp_path, ratings, movies), skip_bad_rows=skip)


def test_a_folder_without_ratings_is_told_where_they_should_be(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"has no ratings\.csv: put ratings\.csv there \(or ratings\.dat"):
        load(tmp_path)
    (tmp_path / "ml-25m.zip").touch()
    with pytest.raises(DatasetError, match=r"has no ratings\.csv: unpack ml-25m\.zip and give the folder"):
        load(tmp_path)
    (tmp_path / "ml-25m").mkdir()
    inside = write(tmp_path / "ml-25m")
    with pytest.raises(DatasetError, match=rf"has no ratings\.csv: give {inside}$"):
        load(tmp_path)
    with pytest.raises(DatasetError, match="is a file: unpack it and give the folder"):
        load(inside / "ratings.csv")


def test_several_bad_rows_name_the_first_line_and_how_many(tmp_path: Path) -> None:
    write(tmp_path, RATINGS + b"9,99,4.0,1\nx,1,4.0,1\n9,1,4.0\n")
    with pytest.raises(
        DatasetError, match=r":5: movieId 99 .*\(3 bad rows in this file: .*DATASET_SKIP_BAD_ROWS"
    ):
        load(tmp_path)
    expected = {"unknown_movie": 1, "bad_user_id": 1, "column_count": 1}
    assert load(tmp_path, skip_bad_rows=True).skipped == expected


def test_the_id_follows_the_content_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = load(write(tmp_path / "a")).id
    assert first == load(write(tmp_path / "b")).id == identify(tmp_path / "a")
    assert len(first) == 12
    assert load(write(tmp_path / "b", RATINGS.replace(b"1002", b"1003"))).id != first


@given(
    st.lists(
        st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b"")), max_size=20
    )
)
def test_whatever_the_bytes_every_line_is_kept_or_counted(tmp_path_factory, lines: list[bytes]) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("data")
    dataset = load(write(folder, RATINGS + b"".join(line + b"\n" for line in lines)), skip_bad_rows=True)
    while lines and not lines[-1].strip(b" "):
        lines.pop()  # blank lines at the end are no rows
    assert len(dataset.ratings) + sum(dataset.skipped.values()) == 3 + len(lines)


def test_a_quoted_field_does_not_swallow_the_lines_after_it(tmp_path: Path) -> None:
    movies = b'movieId,title,genres\n1,"open,Drama\n2,Two,Drama\n30,Three,Drama\n'
    dataset = load(write(tmp_path, movies=movies), skip_bad_rows=True)
    assert dataset.titles == {2: "Two", 30: "Three"}
    assert dataset.skipped == {"bad_quoting": 1, "unknown_movie": 1}
