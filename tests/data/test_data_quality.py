"""The quality of the images of a folder."""

import cv2
import numpy as np
import pytest

from autoencoder.data.listing import fingerprint
from autoencoder.data.load import load
from autoencoder.data.quality import quality, refuse_quality
from autoencoder.data.scan import scan
from autoencoder.data.source import ImageSource
from autoencoder.errors import DataError, UsageError


def test_pixels_are_measured_as_decoded_and_sizes_as_stored(tmp_path):
    for name, width in (("wide", 40), ("tall", 10)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((20, width), 7, np.uint8))
    images = load(scan(tmp_path), (4, 4), "grayscale")
    found = quality(images)
    assert images.paths == ("tall.png", "wide.png")
    assert found["width"].tolist() == [10, 40] and found["height"].tolist() == [20, 20]
    assert found["brightness"].tolist() == [7, 7] and found["one_color"].tolist() == [1, 1]
    assert quality(images.take(np.array([1])))["width"].tolist() == [40]


@pytest.fixture
def folder(tmp_path):
    """Three images of one gray each, 10, 100 and 200, of 12, 6 and 6 pixels a side, and one that is none."""
    for gray, side in ((10, 12), (100, 6), (200, 6)):
        cv2.imwrite(str(tmp_path / f"{gray}.png"), np.full((side, side), gray, np.uint8))
    (tmp_path / "broken.png").write_bytes(b"no image")
    return tmp_path


def loaded(folder, quality, **options):
    listing = ImageSource(folder, quality=quality).scan()
    return load(listing, (6, 6), "grayscale", **options)


@pytest.mark.parametrize("memory_limit", [None, 0], ids=["in memory", "mapped"])
def test_images_that_fall_short_are_left_out_with_their_measures(folder, tmp_path, memory_limit):
    images = loaded(folder, "brightness > 50 and width < 100", memory_limit=memory_limit, cache_dir=tmp_path / ".c")
    assert images.paths == ("100.png", "200.png")
    assert images.pixels[:, 0, 0, 0].tolist() == [100, 200]
    assert images.shapes.tolist() == [[6, 6], [6, 6]] and len(images.digests) == len(images.sizes) == 2
    reasons = dict(images.bad)
    assert reasons["10.png"] == "quality: brightness 10, width 12" and "broken.png" in reasons
    whole = loaded(folder, None, memory_limit=memory_limit, cache_dir=tmp_path / ".c")
    assert len(whole.paths) == 3
    assert fingerprint(images) != fingerprint(whole)
    assert fingerprint(images) == fingerprint(whole.take(np.array([1, 2])))


def test_what_is_left_out_does_not_count_as_unusable(folder):
    assert loaded(folder, "brightness > 150", max_bad=0.3).paths == ("200.png",)


def test_a_condition_that_leaves_nothing_or_is_none_is_refused(folder):
    with pytest.raises(DataError, match=r"^--quality=entropy > 3: leaves out all 3 images of .* \(10.png: entropy 0\)"):
        loaded(folder, "entropy > 3")
    with pytest.raises(UsageError, match=r"^--quality=sharpnes > 3: there is no column sharpnes; did you mean sharp"):
        ImageSource(folder, quality="sharpnes > 3").scan()


def test_a_source_keeps_its_condition(folder):
    source = ImageSource(folder, quality="brightness > 50")
    assert ImageSource.from_record(source.to_flags()) == source
    assert source.look()[1].take([0]).quality == "brightness > 50"


def test_images_of_an_array_are_asked_for_no_quality():
    refuse_quality(None)
    with pytest.raises(UsageError, match=r"^--quality is about files, and the images came as an array: leave it out$"):
        refuse_quality("sharpness > 20")
