from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.data import pairs
from autoencoder.data.idx import write_idx
from autoencoder.data.pairs import load_pairs, match, smallest, split
from autoencoder.errors import DataError


@pytest.fixture
def folders(tmp_path):
    """Write images of `shape` by name: the level tells the number."""

    def write(part, names, shape=(6, 8)):
        folder = tmp_path / part
        for number, name in enumerate(names):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            content = cv2.imencode("." + name.rsplit(".", 1)[1], np.full(shape, number, np.uint8))[1]
            (folder / name).write_bytes(content.tobytes())
        return folder

    return write


def test_files_of_one_name_make_a_pair_whatever_their_suffix(folders):
    modified = folders("modified", ["a.png", "in/b.bmp", "c.png"])
    original = folders("original", ["a.bmp", "c.png", "in/b.png"])
    found, bad = load_pairs(match(modified, original), "grayscale")
    assert bad == ()
    assert [pair.name for pair in found] == ["a.png", "c.png", "in/b.bmp"]
    assert [(pair.modified[0, 0, 0], pair.original[0, 0, 0]) for pair in found] == [(0, 0), (2, 1), (1, 2)]
    assert found[0].modified.shape == found[0].original.shape == (6, 8, 1)


def test_a_pattern_chooses_files_of_one_folder(folders):
    modified = folders("modified", ["a.png", "b.png", "c.png", "d.bmp", "in/e.png"])
    original = folders("original", ["a.png", "b.png", "c.png", "d.png", "in/e.png"])
    found = match(modified / "*.png", original)
    assert found.modified.paths == ("a.png", "b.png", "c.png")
    assert [file.path for file in found.bad] == ["original/d.png", "original/in/e.png"]


def test_what_has_no_partner_or_is_no_image_is_listed(folders):
    modified = folders("modified", ["a.png", "b.png", "c.png", "x.png"])
    original = folders("original", ["a.png", "b.png", "c.png", "y.png"])
    (modified / "z.png").write_bytes(b"no image")
    found = match(modified, original)
    assert [file.path for file in found.bad] == ["modified/x.png", "modified/z.png", "original/y.png"]
    assert "has no partner in" in found.bad[0].reason and "not an image" in found.bad[1].reason


def test_originals_of_little_quality_are_left_out_with_their_partners(folders):
    names = [f"{name}.png" for name in "abcde"]  # levels 0 to 4
    modified, original = folders("modified", names), folders("original", names)
    found, bad = load_pairs(match(modified, original), "grayscale", "brightness > 1")
    assert [pair.name for pair in found] == ["c.png", "d.png", "e.png"]
    assert [tuple(file) for file in bad] == [
        ("original/a.png", "quality: brightness 0"),
        ("original/b.png", "quality: brightness 1"),
    ]


def test_what_cannot_be_decoded_is_listed_with_its_pair_gone(folders):
    names = ["a.png", "b.png", "c.png", "d.png"]
    modified, original = folders("modified", names), folders("original", names)
    content = bytearray((original / "b.png").read_bytes())
    content[45] ^= 255
    (original / "b.png").write_bytes(content)
    found, bad = load_pairs(match(modified, original), "rgb")
    assert [pair.name for pair in found] == ["a.png", "c.png", "d.png"]
    assert found[0].modified.shape == (6, 8, 3)
    assert [file.path for file in bad] == ["original/b.png"]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_pairs_are_refused_with_what_is_alone(folders, count):
    names = ["a.png", "b.png"][:count]
    modified = folders("modified", [*names, "x.png"])
    original = folders("original", [*names, "y.png"])
    with pytest.raises(DataError, match=rf"^{count} pairs of images remain, .* \(modified/x.png: has no partner"):
        match(modified, original)


@pytest.mark.parametrize(
    ("modified", "original"),
    [
        ("{}_noisy.png", "{}.png"),
        ("{}.png", "{}-clean.png"),
        ("{}_noisy.png", "{}_clean.png"),
        ("noisy_{}.png", "clean_{}.png"),
        ("Scan{}.png", "scan{}.png"),
        ("in/{}.png", "{}.png"),
    ],
)
def test_names_that_look_like_pairs_are_named(folders, modified, original):
    one, other = (
        folders(part, [form.format(f"{n:02d}") for n in range(5)])
        for part, form in (("modified", modified), ("original", original))
    )
    stems = [form.format("00").removesuffix(".png") for form in (modified, original)]
    with pytest.raises(DataError, match=f"; {stems[0]} and {stems[1]} look like a pair: give both one name$"):
        match(one, other)


def test_names_that_differ_in_their_number_are_no_pair(folders):
    modified = folders("modified", ["scan_01.png", "scan_02.png"])
    with pytest.raises(DataError) as refused:
        match(modified, folders("original", ["scan_03.png", "scan_04.png"]))
    assert "look like a pair" not in str(refused.value)


class CountedName(str):
    """A name that counts how often it is compared; in a list each would be compared with those before it."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        CountedName.compared += 1
        return str.__eq__(self, other)


class Names(NamedTuple):
    """What `match` wants of a listing."""

    paths: list[CountedName]
    root: Path = Path("any")
    bad: tuple = ()

    def take(self, rows):
        return rows


def test_many_pairs_are_matched_in_time_that_grows_with_their_number(monkeypatch):
    listings = iter([Names([CountedName(number) for number in range(500)]) for _ in range(2)])
    monkeypatch.setattr(pairs, "_list", lambda source, max_bad: next(listings))
    monkeypatch.setattr(pairs, "_by_stem", lambda listing: {name: row for row, name in enumerate(listing.paths)})
    monkeypatch.setattr(pairs, "_check_sizes", lambda found: None)
    CountedName.compared = 0
    found = match(Path("0"), Path("1"))
    assert found.modified == found.original == list(range(500))
    assert CountedName.compared < 20 * 500


def test_sizes_that_differ_within_a_pair_are_refused_by_name(folders):
    names = ["a.png", "b.png", "c.png"]
    modified, original = folders("modified", names), folders("original", names)
    folders("original", ["b.png"], (8, 6))
    with pytest.raises(DataError, match=r"1 pairs differ in size \(b.png is 6 x 8 and its original 8 x 6\)"):
        match(modified, original)


def test_pairs_of_different_sizes_are_taken(folders):
    for part in ("modified", "original"):
        folders(part, ["a.png", "b.png"])
        found = folders(part, ["c.png"], (30, 5))
    matched = match(found.parent / "modified", found)
    assert smallest(matched) == ("c.png", 30, 5)
    assert [pair.original.shape for pair in load_pairs(matched, "grayscale")[0]] == [(6, 8, 1)] * 2 + [(30, 5, 1)]


def test_names_that_are_not_clear_are_refused(folders):
    modified = folders("modified", ["a.png", "a.bmp", "b.png", "c.png"])
    with pytest.raises(DataError, match=r"a.bmp and a.png have one name"):
        match(modified, modified)


def test_an_idx_file_has_no_names(folders, tmp_path):
    write_idx(tmp_path / "images-idx3-ubyte", np.zeros((4, 6, 8), np.uint8))
    with pytest.raises(DataError, match="no names to pair by"):
        match(tmp_path / "images-idx3-ubyte", folders("original", ["a.png"]))


def test_images_that_do_not_fit_into_memory_are_refused(folders, monkeypatch):
    names = ["a.png", "b.png", "c.png"]
    matched = match(folders("modified", names), folders("original", names))
    monkeypatch.setattr("autoencoder.data.pairs.available_memory", lambda: 2 * 2 * 3 * 48 - 1)
    with pytest.raises(DataError, match="more than half of the free memory"):
        load_pairs(matched, "grayscale")


@given(st.integers(3, 200), st.floats(0.01, 0.98), st.floats(0.01, 0.98), st.integers(0, 99))
def test_every_pair_is_in_one_part_and_no_part_is_empty(count, test, valid, seed):
    parts = split(count, test, valid, seed)
    assert all(len(part) for part in parts)
    assert sorted(np.concatenate(parts).tolist()) == list(range(count))
    again = split(count, test, valid, seed)
    assert all((one == other).all() for one, other in zip(parts, again, strict=True))


def test_the_shares_are_kept_where_they_can_be():
    assert [len(part) for part in split(100, 0.2, 0.15, 1)] == [65, 15, 20]
