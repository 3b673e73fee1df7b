"""Data sets as people have them: each loads, or one line says what to do."""

import gzip
import os
from pathlib import Path

import pytest

from services.demo.dataset import Columns, Dataset, DatasetError, identify, load

REPOSITORY = Path(__file__).parents[5]
SAMPLES = Path(os.environ.get("WHENCE_SAMPLES", REPOSITORY.parent / "shared/samples")) / "inputs" / "ratings"
MOVIES = "movieId,title,genres\n1,One (2001),Drama\n2,Two (2002),Drama\n"


def write(folder: Path, **files: str | bytes) -> Path:
    """Files by name; two underscores stand for the dot."""
    for name, content in files.items():
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / name.replace("__", ".")).write_bytes(raw)
    return folder


def rows(dataset: Dataset) -> list[tuple[int, int, float, int]]:
    r = dataset.ratings
    columns = (r.user_ids, r.movie_ids, r.values, r.timestamps)
    return list(zip(*(column.tolist() for column in columns), strict=True))


HEADER = "userId,movieId,rating,timestamp\n"
USUAL = [(1, 1, 4.0, 1112486027), (2, 2, 3.5, 1112484676)]

SAME: dict[str, dict[str, str | bytes]] = {
    "1M and 10M": {
        "ratings__dat": "1::1::4::1112486027\n2::2::3.5::1112484676\n",
        "movies__dat": "1::Café (2001)::Drama\n2::Two: Again (2002)::Comedy|Drama\n".encode("latin-1"),
    },
    "100k": {
        "u__data": "1\t1\t4\t1112486027\n2\t2\t3.5\t1112484676\n",
        "u__item": "1|Café (2001)|01-Jan-2001||http://x|0|1\n2|Two|||x|0|0\n".encode("latin-1"),
    },
    "20M and later": {"ratings__csv": HEADER + "1,1,4.0,1112486027\n2,2,3.5,1112484676\n"},
    "tabs with a header": {
        "ratings__tsv": "user\titem\trating\tts\n1\t1\t4\t1112486027\n2\t2\t3.5\t1112484676\n"
    },
    "no header": {"ratings__csv": "1,1,4.0,1112486027\n2,2,3.5,1112484676\n"},
    "semicolons and quotes": {
        "ratings__csv": '"User-ID";"ISBN";"Book-Rating";"Date"\n'
        '"1";"1";"4";"1112486027"\n2;2;3.5;1112484676\n'
    },
    "another order, more columns": {
        "ratings__csv": "timestamp,comment,userId,movieId,rating\n"
        "1112486027,good,1,1,4\n1112484676,,2,2,3.5\n"
    },
    "names of others": {
        "ratings__csv": "reviewer_id,asin,overall,unixReviewTime\n1,1,4.0,1112486027\n2,2,3.5,1112484676\n"
    },
    "Windows": {
        "ratings__csv": "\ufeffuserId,movieId,rating,timestamp\r\n"
        "1,1,4.0,1112486027\r\n2,2,3.5,1112484676\r\n\r\n \r\n"
    },
    "an old Mac": {
        "ratings__csv": "userId,movieId,rating,timestamp\r1,1,4.0,1112486027\r2,2,3.5,1112484676\r"
    },
    "milliseconds": {"ratings__csv": HEADER + "1,1,4.0,1112486027923\n2,2,3.5,1112484676000\n"},
    "nanoseconds": {"ratings__csv": HEADER + "1,1,4.0,1112486027923000000\n2,2,3.5,1112484676000000000\n"},
    "ISO 8601": {"ratings__csv": HEADER + "1,1,4.0,2005-04-02 23:53:47\n2,2,3.5,2005-04-03T01:31:16+02:00\n"},
    "numbers of pandas": {"ratings__csv": HEADER + "1.0,1.0,4.0,1112486027.0\n2.0,2.0,3.5,1112484676.0\n"},
    "spaces around fields": {
        "ratings__csv": "userId, movieId, rating, timestamp\n"
        "1, 1, 4.0, 1112486027\n 2 , 2 , 3.5 , 1112484676\n"
    },
    "decimal commas": {
        "ratings__csv": "userId;movieId;rating;timestamp\n1;1;4,0;1112486027\n2;2;3,5;1112484676\n"
    },
    "bars": {"ratings__csv": HEADER.replace(",", "|") + "1|1|4.0|1112486027\n2|2|3.5|1112484676\n"},
    "spaces": {"u__data": "1 1 4 1112486027\n2 2 3.5 1112484676\n"},
    "names in capitals": {"Ratings__csv": HEADER + "1,1,4.0,1112486027\n2,2,3.5,1112484676\n"},
    "beside files of a desktop": {
        "rating__csv": HEADER + "1,1,4.0,1112486027\n2,2,3.5,1112484676\n",
        "__DS_Store": b"\0\0\0\1Bud1",
        "___ratings__csv": b"\0\5\x16\7",
    },
    "gzip": {
        "ratings__csv__gz": gzip.compress(
            b"userId,movieId,rating,timestamp\n1,1,4.0,1112486027\n2,2,3.5,1112484676\n"
        )
    },
    "gzip by another name": {"ratings__csv": gzip.compress(b"1,1,4.0,1112486027\n2,2,3.5,1112484676\n")},
}


@pytest.mark.parametrize("files", SAME.values(), ids=SAME)
def test_the_same_ratings_in_every_layout(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    titled = {"movies__dat", "u__item"} & files.keys()
    write(tmp_path, **({} if titled else {"movies__csv": MOVIES}), **files)
    dataset = load(tmp_path)
    assert rows(dataset) == USUAL
    assert dataset.skipped == {}
    assert len(identify(tmp_path)) == 12


@pytest.mark.parametrize("edition", ["1M and 10M", "100k"])
def test_latin_1_titles_are_read_as_such(tmp_path: Path, edition: str) -> None:
    assert load(write(tmp_path, **SAME[edition])).titles[1] == "Café (2001)"


def test_columns_that_whence_yaml_names(tmp_path: Path) -> None:
    named = Columns(user="shopper", item="sku", rating="grade", time="when it was")
    write(
        tmp_path,
        ratings__csv="grade,shopper,sku,when it was\n4.0,1,1,1112486027\n3.5,2,2,1112484676\n",
        items__csv="sku,title\n1,One\n2,Two\n",
    )
    assert rows(load(tmp_path, columns=named)) == USUAL
    assert identify(tmp_path, named) != identify(tmp_path)
    with pytest.raises(
        DatasetError, match=r"put other names into whence\.yaml: `dataset: \{columns: \{item: …"
    ):
        load(tmp_path)
    with pytest.raises(
        DatasetError,
        match=r"no column 'sko', which dataset\.columns\.user in whence\.yaml names; the file has",
    ):
        load(tmp_path, columns=named._replace(user="sko"))


def test_ids_that_are_texts_are_numbered_whatever_the_order_of_the_rows(tmp_path: Path) -> None:
    header, lines = "user_id,parent_asin,rating,timestamp", ["zoe,B2,4,1", "adam,B1,5,2", "zoe,B1,1,3"]
    catalogue = "parent_asin,title\nB1,How\nB2,Why\n"
    for name, order in (("a", lines), ("b", lines[::-1])):
        (tmp_path / name).mkdir()
        write(tmp_path / name, ratings__csv="\n".join([header, *order, ""]), items__csv=catalogue)
    first, second = load(tmp_path / "a"), load(tmp_path / "b")
    assert sorted(rows(first)) == sorted(rows(second)) == [(1, 1, 5.0, 2), (2, 1, 1.0, 3), (2, 2, 4.0, 1)]
    assert first.titles == {1: "How", 2: "Why"}
    assert first.notes == (
        "users' ids are strings: numbered in alphabetical order",
        "items' ids are strings: numbered in alphabetical order",
    )
    write(tmp_path, ratings__csv=f"{header}\nzoe,B2,4,1\nadam,B9,5,2\n", items__csv=catalogue)
    with pytest.raises(DatasetError, match=r"ratings\.csv:3: movieId B9 is not in items\.csv"):
        load(tmp_path)


def test_ids_with_a_leading_zero_are_texts(tmp_path: Path) -> None:
    rows = "7,0195153448,4\n7,034545104X,5\n8,1879384493,3\n8,195153448,1\n"
    dataset = load(write(tmp_path, ratings__csv=f"User-ID,ISBN,Rating\n{rows}"))
    assert dataset.titles == {1: "0195153448", 2: "034545104X", 3: "1879384493", 4: "195153448"}


def test_a_folder_with_other_files_says_which_it_has(tmp_path: Path) -> None:
    write(tmp_path, my_ratings__csv=HEADER, __DS_Store=b"")
    with pytest.raises(DatasetError, match=r"interactions\.csv\); it has my_ratings\.csv$"):
        load(tmp_path)


def test_ids_from_zero_are_counted_up_in_ratings_and_titles(tmp_path: Path) -> None:
    write(
        tmp_path,
        ratings__csv="userId,movieId,rating,timestamp\n0,0,4,1\n1,1,5,2\n",
        movies__csv="movieId,title,genres\n0,A,Drama\n1,B,Drama\n",
    )
    dataset = load(tmp_path)
    assert rows(dataset) == [(1, 1, 4.0, 1), (2, 2, 5.0, 2)]
    assert dataset.titles == {1: "A", 2: "B"}
    assert dataset.notes[0] == "users' ids begin at 0: one is added to each"


def test_what_is_lost_without_times_ratings_and_items_is_said(tmp_path: Path) -> None:
    write(tmp_path, events__csv="visitorid,event,itemid\n1,view,7\n1,buy,7\n2,view,8\n")
    dataset = load(tmp_path)
    assert rows(dataset) == [(1, 7, 3.0, 0), (2, 8, 3.0, 0)]
    assert dataset.titles == {7: "Item 7", 8: "Item 8"}
    assert dataset.skipped == {}
    assert [note.split(":")[0] for note in dataset.notes] == [
        "no times",
        "no ratings",
        "1 repeated events were merged into the first of the same user and item",
        "no file of items (such as movies.csv)",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            gzip.compress(b"userId,movieId,rating\n1,1,4\n")[:-9],
            "is cut short or damaged .*: download it again",
        ),
        (
            b"userId,movieId,rating\n" + b"1" * (1 << 21),
            "has a line of over 1048576 bytes: is it a text file",
        ),
        ("userId,movieId,rating\n1,1,4\n".encode("utf-16"), "is text in UTF-16: save it as UTF-8"),
        ("userId,movieId,rating\n1,1,4\n".encode("utf-16-le"), "found NUL bytes: save it as UTF-8"),
        (b"PK\x03\x04\x14\x00\x00\x00", "is a zip archive or a workbook: unpack it, or save it as CSV"),
        (gzip.compress(b"ratings.csv".ljust(257, b"\0") + b"ustar"), "is a tar archive: unpack it"),
        (b"PAR1\x15\x04", "is a Parquet file: save it as CSV"),
        (b'{"userId": 1, "movieId": 1, "rating": 4}\n', "is JSON: save it as CSV"),
        (b"<!DOCTYPE html>\n<title>Not found</title>\n", "is a web page or XML: download the file itself"),
        (b"version https://git-lfs.github.com/spec/v1\noid x\n", "fetch the file itself with `git lfs pull`"),
        (b"sep=;\nuserId;movieId;rating\n1;1;4\n", "found 'sep=;'; delete what is above the header"),
        (b"userId,movieId,rating\n1,1,-7.8\n", "rating -7.8 is outside 0.5–5: convert the scale"),
        (b'userId,"movieId,rating\n1,1,4\n', "1: bad quoting"),
        (b"\n\n", "the file is empty"),
    ],
    ids=[
        "cut short",
        "a long line",
        "UTF-16",
        "UTF-16 without a mark",
        "zip",
        "tar in gzip",
        "Parquet",
        "JSON lines",
        "web page",
        "Git LFS",
        "a line above the header",
        "ratings below zero",
        "bad quoting",
        "empty",
    ],
)
def test_files_that_cannot_be_read_say_what_to_do_in_one_line(
    tmp_path: Path, content: bytes, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, ratings__csv=content, movies__csv=MOVIES)
    with pytest.raises(DatasetError, match=told) as error:
        load(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("block_bytes", [1, 7, 64])
def test_lines_are_counted_over_blocks(
    tmp_path: Path, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.demo.dataset.files.BLOCK_BYTES", block_bytes)
    good = "".join(f"{user},{1 + user % 2},4.0,{user}\n" for user in range(1, 30))
    bad = "x,1,4.0,1\n\n1,2,9.0,1\n"
    write(
        tmp_path,
        ratings__csv=f"userId,movieId,rating,timestamp\n{good}{bad}5,2,1.0,5\n\n",
        movies__csv=MOVIES,
    )
    with pytest.raises(
        DatasetError, match=r"ratings\.csv:31: userId 'x' .*\(4 bad rows in this file: "
    ) as error:
        load(tmp_path)
    for kind in ("1 bad_user_id", "1 column_count", "1 rating_out_of_range", "1 duplicate_rating"):
        assert kind in str(error.value)
    assert len(load(tmp_path, skip_bad_rows=True).ratings) == 29


def test_the_line_of_a_repeated_rating_is_named_after_bad_ones(tmp_path: Path) -> None:
    text = "userId,movieId,rating,timestamp\n1,1,4,1\nx,1,4,1\n\n1,2,4,1\ny,1,4,1\n1,1,3,1\n"
    write(tmp_path, ratings__csv=text, movies__csv=MOVIES)
    rating_file = tmp_path / "ratings.csv"
    rating_file.write_text(text.replace("x,", "8,").replace("\n\n", "\n9,1,4,1\n").replace("y,", "7,"))
    with pytest.raises(DatasetError, match=r"ratings\.csv:7: user 1 rated movie 1 before"):
        load(tmp_path)


def test_numbers_are_read_a_block_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file of plain numbers never becomes one Python object per field."""
    lines = "".join(f"{user},{1 + user % 2},{1 + user % 5}.5,{user}\n" for user in range(1, 500))
    text = "userId,movieId,rating,timestamp\n" + lines.replace("5.5", "5.0")
    write(tmp_path, ratings__csv=text, movies__csv=MOVIES)
    fast = rows(load(tmp_path))
    monkeypatch.setattr("services.demo.dataset.rating_rows.read_numbers", lambda *_: None)
    assert rows(load(tmp_path)) == fast
    assert len(fast) == 499


@pytest.mark.parametrize("folder", sorted(SAMPLES.glob("*")) or [None], ids=lambda f: f.name if f else "none")
def test_every_folder_of_the_samples_loads_or_says_what_to_do(folder: Path | None) -> None:
    if folder is None:
        pytest.skip(f"no samples at {SAMPLES}; set WHENCE_SAMPLES")
    try:
        assert len(load(folder).ratings)
    except DatasetError as error:
        assert "give `make up` DATASET_SKIP_BAD_ROWS=true" in str(error)
        assert "\n" not in str(error)
        assert len(load(folder, skip_bad_rows=True).ratings)
