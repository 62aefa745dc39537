import os
import socket
import struct
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.data import reading
from autoencoder.data import scan as folder
from autoencoder.data.formats.common import BadImage, Header
from autoencoder.data.listing import BadFile, check_usable, common_shape, printable
from autoencoder.data.scan import scan
from autoencoder.errors import DataError, UsageError


def reasons(listing) -> dict[str, str]:
    return dict(listing.bad)


def test_classes_are_the_first_folders_below_the_root(save, image):
    listing = scan(save({"cat/b.png": image(), "cat/a.png": image(), "dog/deep/down/c.png": image()}))
    assert listing.paths == ("cat/a.png", "cat/b.png", "dog/deep/down/c.png")
    assert listing.labels == ("cat", "cat", "dog")
    assert listing.shapes.tolist() == [[2, 3]] * 3
    assert (listing.bad, listing.files, listing.pixels) == ((), 3, None)


@pytest.mark.parametrize("names", [["a.png", "b.png"], ["a.png", "more/b.png", "more/c.png"]])
def test_images_in_the_root_itself_mean_that_there_are_no_classes(save, image, names):
    listing = scan(save({name: image() for name in names}))
    assert (listing.paths, listing.labels) == (tuple(names), None)


def test_a_file_in_the_root_that_is_no_image_does_not_hide_the_classes(save, image):
    listing = scan(save({"cat/a.png": image(), "broken.png": b"", "README.md": b"about"}))
    assert listing.labels == ("cat",)
    assert listing.bad == (BadFile("broken.png", "an empty file"),)


# Some systems refuse names that are not UTF-8.
RAW = [os.fsdecode(b"\xff\xfe raw.png")] if sys.platform == "linux" else []


@pytest.mark.parametrize(
    "name",
    [
        "wei\u00df \u96ea \U0001f600.png",
        "a b#c?.PNG",
        "really a PNG.jpg",
        "no suffix",
        "photo.txt",
        "-rf",
        "a\nb",
        *RAW,
    ],
)
def test_a_name_says_nothing_about_a_file(save, image, name):
    listing = scan(save({f"kl\u00e4sse 1/{name}": image()}))
    assert (listing.paths, listing.labels) == ((f"kl\u00e4sse 1/{name}",), ("kl\u00e4sse 1",))
    assert printable(name).isprintable() and printable(name).encode()


def test_hidden_files_and_companions_of_images_are_passed_over(save, image):
    companions = ["labels.csv", "a.txt", "a.XML", "Thumbs.db", "desktop.ini", "README", "LICENSE", "notes.json"]
    hidden = [".DS_Store", "._a.png", ".git/config", "cat/.hidden.png"]
    listing = scan(save({"cat/a.png": image(), **dict.fromkeys(companions, b"text"), **dict.fromkeys(hidden, b"text")}))
    assert (listing.paths, listing.bad, listing.files) == (("cat/a.png",), (), 1)


def test_every_other_file_is_listed_with_its_reason(save, image):
    listing = scan(save({"a.png": image(), "b.png": b"", "c.npz": b"PK\x03\x04", "d.png": image()[:30]}))
    assert listing.bad == (
        BadFile("b.png", "an empty file"),
        BadFile("c.npz", "a zip archive: unpack it first (unzip FILE)"),
        BadFile("d.png", "truncated PNG"),
    )
    assert listing.files == 4


def test_what_is_no_file_is_passed_over_and_listed(save, image):
    root = save({"cat/a.png": image()})
    os.mkfifo(root / "pipe.png")
    (root / "nowhere.png").symlink_to("does not exist")
    (root / "circle.png").symlink_to("circle.png")
    (root / "cat" / "round").symlink_to(root)
    with socket.socket(socket.AF_UNIX) as door:
        here = Path.cwd()
        os.chdir(root)  # names of sockets are short
        try:
            door.bind("socket.png")
        finally:
            os.chdir(here)
        listing = scan(root)
    assert listing.paths == ("cat/a.png",)
    assert reasons(listing) == {
        "cat/round": "a link to a folder that is read already",
        "circle.png": "a link that leads in a circle",
        "nowhere.png": "a link that leads nowhere",
        "pipe.png": "a pipe, socket or device",
        "socket.png": "a pipe, socket or device",
    }


def test_links_are_followed_and_every_folder_is_read_once(save, image, tmp_path):
    root = save({"zebra/a.png": image()})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.png").write_bytes(image())
    (root / "horse").symlink_to(tmp_path / "elsewhere")
    (root / "again").symlink_to(root / "zebra")
    (root / "zebra" / "c.png").symlink_to(tmp_path / "elsewhere" / "b.png")
    listing = scan(root)
    assert listing.paths == ("horse/b.png", "zebra/a.png", "zebra/c.png")
    assert reasons(listing) == {"again": "a link to a folder that is read already"}


def test_files_and_folders_that_may_not_be_read_are_listed(save, image, monkeypatch):
    root = save({"cat/a.png": image(), "cat/secret.png": image(), "locked/b.png": image()})
    opening, listing_folder = os.open, os.scandir

    def refuse(call, word):
        def guarded(path, *rest):
            if word in str(path):
                raise PermissionError(13, "Permission denied", path)
            return call(path, *rest)

        return guarded

    monkeypatch.setattr(os, "open", refuse(opening, "secret"))
    monkeypatch.setattr(os, "scandir", refuse(listing_folder, "locked"))
    assert reasons(scan(root)) == {
        "cat/secret.png": "can't be read: permission denied",
        "locked": "a folder that can't be read: permission denied",
    }


def test_a_file_that_became_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadImage, match="a pipe, socket or device"):
        reading.look(str(tmp_path / "pipe"))


def test_only_the_categories_that_are_asked_for(save, image):
    root = save({"cat/a.png": image(), "cow/b.png": image(), "dog/c.png": b"", "stray.png": b"", "dog/d.png": image()})
    listing = scan(root, categories=("dog", "cat"))
    assert listing.labels == ("cat", "dog")
    assert reasons(listing) == {"dog/c.png": "an empty file"}


def test_an_unknown_category_is_refused(save, image):
    root = save({"cat/a.png": image(), "dog/b.png": image()})
    with pytest.raises(UsageError, match=r"--categories: there is no class folder 'dgo' in .*; did you mean 'dog'"):
        scan(root, categories=("cat", "dgo"))
    with pytest.raises(UsageError, match=r"--categories: there is no class folder 'xyz' in .*; there are: cat, dog"):
        scan(root, categories=("xyz",))


def test_max_images_are_spread_evenly_over_each_class(save, image):
    names = [f"cat/{number}.png" for number in range(6)] + ["dog/a.png"]
    listing = scan(save({name: image() for name in names}), max_images=3)
    assert listing.paths == ("cat/0.png", "cat/2.png", "cat/4.png", "dog/a.png")


@given(count=st.integers(0, 40), most=st.integers(1, 50))
def test_max_images_never_gives_more_and_never_fewer_than_there_are(count, most):
    found = {f"{number:02}.png": reading.Found(Header("PNG", 1, 1, True), (1, 1), None) for number in range(count)}
    listing = folder._at_most(folder._listing(Path("images"), found, [], []), most)
    assert len(listing.paths) == min(count, most)
    assert listing.paths == tuple(sorted(set(listing.paths)))


@pytest.mark.parametrize("name", ["missing", "pipe"])
def test_a_source_that_is_no_folder_or_file_is_refused(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match=f"{name}: there is no such folder or file"):
        scan(tmp_path / name)


def test_a_source_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match="can't be read: permission denied"):
        scan(tmp_path)


def test_an_empty_folder_is_listed_and_then_refused(tmp_path):
    listing = scan(tmp_path)
    assert (listing.paths, listing.labels, common_shape(listing)) == ((), None, None)
    with pytest.raises(DataError, match="holds no images"):
        check_usable(listing, 1.0)


def test_shapes_are_those_that_are_shown(save, image, png, png_chunk, exif):
    turned = png((3, 2), 8, 0, [b"\0\0\0"] * 2, png_chunk(b"eXIf", exif(6)))
    root = save({"a.png": image(height=3, width=2), "b.png": turned})
    assert scan(root).shapes.tolist() == [[3, 2], [3, 2]]
    assert common_shape(scan(root)) == (3, 2)
    (root / "c.png").write_bytes(image())
    assert common_shape(scan(root)) is None


def test_a_header_far_behind_the_beginning_is_found(save):
    plain = cv2.imencode(".jpg", np.zeros((5, 4), np.uint8))[1].tobytes()
    comment = b"\xff\xfe" + struct.pack(">H", 60_000) + bytes(59_998)
    listing = scan(save({"a.jpg": plain[:2] + 3 * comment + plain[2:]}))
    assert listing.shapes.tolist() == [[5, 4]]
    assert listing.contents == (None,)


def test_a_file_too_large_to_be_read_is_refused(save, image):
    root = save({"a.png": image()})
    os.truncate(root / "a.png", 300 * 2**20)
    assert reasons(scan(root)) == {"a.png": "a file of 300 MiB: at most 256 MiB are read"}


def test_small_files_are_kept_while_there_is_room(save, image, monkeypatch):
    files = {"a.png": image(), "b.png": image(), "c.png": image()}
    assert scan(save(files)).contents == tuple(files.values())
    monkeypatch.setattr(folder, "KEPT_BYTES", 2 * len(image()))
    assert scan(save(files)).contents == (image(), image(), None)


@pytest.mark.parametrize("seconds", [0, 1000])
def test_a_slow_disk_changes_nothing_but_the_number_of_threads(save, image, monkeypatch, seconds):
    monkeypatch.setattr(folder, "_SLOW_SECONDS", seconds)
    files = {f"{number:03}.png": b"" if number % 50 == 7 else image() for number in range(300)}
    listing = scan(save(files))
    assert listing.paths == tuple(name for name, content in files.items() if content)
    assert listing.bad == tuple(BadFile(f"{number:03}.png", "an empty file") for number in range(7, 300, 50))


def test_a_part_of_a_listing_knows_what_the_whole_could_not_use(save, image):
    listing = scan(save({"cat/a.png": image(1), "cat/b.png": image(2), "dog/c.png": image(3), "dog/d.png": b""}))
    part = listing.take([2, 0])
    assert (part.paths, part.labels) == (("dog/c.png", "cat/a.png"), ("dog", "cat"))
    assert part.contents == (image(3), image(1)) and len(part.headers) == 2
    assert (part.bad, part.files) == (listing.bad, 4)
