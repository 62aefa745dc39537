"""A fingerprint says which images were used: not where they lie, nor how they are read."""

import gzip
import hashlib
import os
import shutil

import cv2
import numpy as np
import pytest

from autoencoder.data.idx import write_idx
from autoencoder.data.listing import fingerprint
from autoencoder.data.load import load
from autoencoder.data.rules import AS_STORED
from autoencoder.data.scan import scan


@pytest.fixture
def photos(tmp_path):
    for label in "ab":
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(4):
            image = np.random.default_rng(number + ord(label)).integers(0, 256, (9, 9), np.uint8)
            (tmp_path / "photos" / label / f"{number}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return tmp_path / "photos"


def of(folder, shape=(9, 9), color="grayscale", rules=AS_STORED, categories=None, max_images=None, **options):
    listing = scan(folder, rules=rules, categories=categories, max_images=max_images)
    return fingerprint(load(listing, shape, color, **options))


def test_it_stays_where_the_folder_is_moved_or_read_otherwise(photos, tmp_path):
    first = of(photos)
    assert len(first) == 64
    os.utime(photos / "a" / "0.png", (1, 1))
    shutil.copytree(photos, tmp_path / "elsewhere")
    assert of(photos) == of(tmp_path / "elsewhere") == first
    assert of(photos, (4, 5), "rgb", AS_STORED._replace(fit="crop", background=(1, 2, 3))) == first


def test_it_stays_where_images_lie_in_a_mapped_file(photos, tmp_path):
    options = {"memory_limit": 0, "cache_dir": tmp_path / "cache"}
    assert of(photos, **options) == of(photos, **options) == of(photos)


def test_it_changes_with_any_image_byte_or_name(photos):
    found = {of(photos)}
    (photos / "a" / "0.png").rename(photos / "a" / "zero.png")
    found.add(of(photos))
    content = (photos / "b" / "1.png").read_bytes()
    (photos / "b" / "1.png").write_bytes(content + b"\0")
    found.add(of(photos))
    (photos / "b" / "2.png").unlink()
    found.add(of(photos))
    found.add(of(photos, categories=["a"]))
    found.add(of(photos, max_images=2))
    assert len(found) == 6


def test_what_is_not_used_does_not_count(photos):
    first = of(photos)
    (photos / "a" / "notes.txt").write_text("x")
    (photos / "a" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert of(photos) == first


def test_parts_together_are_the_whole(photos):
    listing = scan(photos)
    one, other = (load(listing.take(rows), (9, 9), "grayscale") for rows in ([0, 3, 5], [1, 2, 4, 6, 7]))
    assert fingerprint(one, other) == fingerprint(other, one) == of(photos) != fingerprint(one)


def test_an_idx_file_is_known_by_its_images(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 4), np.uint8)
    write_idx(tmp_path / "images", pixels)
    (tmp_path / "other.gz").write_bytes(gzip.compress((tmp_path / "images").read_bytes()))
    assert of(tmp_path / "images") == of(tmp_path / "other.gz")
    write_idx(tmp_path / "images", pixels[::-1])
    assert of(tmp_path / "images") != of(tmp_path / "other.gz")


def test_the_sides_of_an_idx_files_images_count(tmp_path):
    pixels = np.arange(32, dtype=np.uint8)
    write_idx(tmp_path / "square", pixels.reshape(2, 4, 4))
    write_idx(tmp_path / "wide", pixels.reshape(2, 2, 8))
    assert of(tmp_path / "square") != of(tmp_path / "wide")


def test_it_is_made_of_sorted_names_sizes_and_contents(tmp_path):
    files = {"b.png": 1, "a.png": 2, "c d/e.png": 3}
    content = {}
    for name, value in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        content[name] = cv2.imencode(".png", np.full((3, 3), value, np.uint8))[1].tobytes()
        (tmp_path / name).write_bytes(content[name])
    lines = [
        name.encode() + b"\0%d\0" % len(content[name]) + hashlib.sha256(content[name]).digest()
        for name in sorted(files)
    ]
    assert of(tmp_path) == hashlib.sha256(b"".join(lines)).hexdigest()


def test_a_file_that_cannot_be_decoded_does_not_count(photos):
    (photos / "a" / "0.png").unlink()
    first = of(photos)
    content = (photos / "b" / "0.png").read_bytes()
    (photos / "a" / "0.png").write_bytes(content[:-12])
    assert of(photos) == first


def test_a_mapped_file_without_digests_is_written_again(photos, tmp_path):
    options = {"memory_limit": 0, "cache_dir": tmp_path / "cache"}
    first = of(photos, **options)
    (path,) = (tmp_path / "cache").glob("*.npy")
    whole = path.read_bytes()
    path.write_bytes(whole[: 128 + 8 * 81] + b"[]")
    assert of(photos, **options) == first and path.read_bytes() == whole
