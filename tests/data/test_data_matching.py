"""Which image a name in a table means."""

import csv
import os

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.data.labels import read_labels, with_labels
from autoencoder.data.matching import Names
from autoencoder.data.scan import scan
from autoencoder.errors import DataError
from autoencoder.storage.csv_files import write_csv

PNG = cv2.imencode(".png", np.zeros((2, 2), np.uint8))[1].tobytes()


def folder_of(place, names):
    for name in names:
        path = place / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG)
    return scan(place / "photos")


@pytest.fixture
def listing(tmp_path):
    return folder_of(tmp_path, ["train/a.png", "train/b.c.png", "test/a.png", "test/deep/d.png", "train/e.png"])


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("train/a.png", "train/a.png"),
        ("train\\a.png", "train/a.png"),
        (".\\train\\a", "train/a.png"),
        ("./train//a.png", "train/a.png"),
        ("test/../train/a.png", "train/a.png"),
        ("train/a", "train/a.png"),
        ("b.c", "train/b.c.png"),
        ("b.c.png", "train/b.c.png"),
        ("d", "test/deep/d.png"),
        ("deep/d.png", "test/deep/d.png"),
        ("photos/train/a.png", "train/a.png"),
        ("../input/photos/train/a.png", "train/a.png"),
        ("/not/here/train/a.png", "train/a.png"),
        ("C:\\Users\\me\\train\\a.png", "train/a.png"),
        ("a.png", None),
        ("a", None),
        ("b", None),
        ("e.jpg", None),
        ("other/e.png", None),
        ("valid/deep/d.png", None),
        ("photo/train/a.png", None),
        ("", None),
        (".", None),
        ("/", None),
        ("..", None),
    ],
)
def test_an_image_is_found_by_what_can_only_mean_it(listing, name, path):
    row = Names(listing).find(name)
    assert (None if row is None else listing.paths[row]) == path


def test_absolute_paths_are_found_through_links_too(tmp_path, listing):
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    for root in ("photos", "link"):
        for seen in (scan(tmp_path / "photos"), scan(tmp_path / "link")):
            row = Names(seen).find(str(tmp_path / root / "train" / "a.png"))
            assert seen.paths[row] == "train/a.png"


def test_another_file_that_exists_is_not_taken_for_one_of_that_name(tmp_path, listing):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "e.png").write_bytes(PNG)
    assert Names(listing).find(str(tmp_path / "elsewhere" / "e.png")) is None


def test_a_whole_path_comes_before_an_end(tmp_path):
    listing = folder_of(tmp_path, ["a.png", "b/a.png", "a"])
    assert [listing.paths[Names(listing).find(name)] for name in ("a.png", "a", "b/a")] == ["a.png", "a", "b/a.png"]


def test_two_labels_by_two_names_are_refused(listing):
    with pytest.raises(DataError, match=r"train/a\.png has two labels, x and y"):
        with_labels(listing, {"train/a.png": "x", "./train/a": "y"}, listing.root / "t.csv")
    found = with_labels(listing, {"train/a.png": "x", "./train/a": "x"}, listing.root / "t.csv")
    assert (found.paths, found.labels) == (("train/a.png",), ("x",))


# A carriage return alone is not quoted by the csv module of Python 3.11, and a name of nothing but blanks is no name.
part = st.text(st.characters(exclude_characters="/\0\r", exclude_categories=["Cs"]), min_size=1, max_size=4)
part = part.filter(lambda name: name.strip() and not name.startswith("."))


@given(st.sets(st.lists(part, min_size=1, max_size=3).map(tuple), min_size=1, max_size=6))
def test_every_table_that_the_program_writes_is_found_again(tmp_path_factory, names):
    """Whatever files are called: the table of a clustering names each of them."""
    place = tmp_path_factory.mktemp("match")
    made = set()
    for name in names:
        path = place.joinpath("photos", *name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(PNG)
        except OSError:  # a file where another name needs a folder
            continue
        made.add("/".join(name))
    listing = scan(place / "photos")
    assert set(listing.paths) == made
    write_csv(place / "t.csv", [("path", "label"), *((path, str(row)) for row, path in enumerate(listing.paths))])
    labels = read_labels(place / "t.csv")
    found = Names(listing)
    rows = {found.find(name): label for name, label in labels.items()}
    clear = [row for row, path in enumerate(listing.paths) if sum(p.strip() == path.strip() for p in made) == 1]
    assert all(rows[row] == str(row) for row in clear)


def test_names_that_are_no_utf8_are_found(tmp_path):
    listing = folder_of(tmp_path, [os.fsdecode(b"\xff.png"), "b.png"])
    write_csv(tmp_path / "t.csv", [("path", "label"), *((path, "x") for path in listing.paths)])
    assert len(with_labels(listing, read_labels(tmp_path / "t.csv"), tmp_path / "t.csv").paths) == 2


def test_the_csv_module_is_left_as_it_was(tmp_path):
    before = csv.field_size_limit()
    (tmp_path / "t.csv").write_text("path,label\nx,y\n")
    read_labels(tmp_path / "t.csv")
    assert csv.field_size_limit() == before
