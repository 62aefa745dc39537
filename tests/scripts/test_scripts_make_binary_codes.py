import runpy
from pathlib import Path

import cv2
import numpy as np
import pytest

from autoencoder.data.pairs import load_pairs, match
from autoencoder.metrics.hamming import binary_code, hamming

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "make_binary_codes.py"))
make, pair = SCRIPT["make"], SCRIPT["pair"]


@pytest.mark.parametrize("kind", SCRIPT["SETS"])
def test_the_same_seed_makes_the_same_pairs(kind):
    for number in (0, 1):
        name, original, modified = pair(kind, 7, number)
        again = pair(kind, 7, number)
        np.testing.assert_array_equal(original, again[1])
        np.testing.assert_array_equal(modified, again[2])
        assert name == f"{'qr' if number else 'blocks'}_000{number}"
        assert original.shape == modified.shape and original.dtype == modified.dtype == np.uint8
        assert not np.array_equal(modified, pair(kind, 8, number)[2])
        assert hamming(original, pair("default", 7, number)[1], 6) == 0


def test_originals_are_blocks_and_qr_codes_that_can_be_read():
    read = []
    for number in range(20):
        name, original, _ = pair("default", 3, number)
        np.testing.assert_array_equal(binary_code(original, 6) * 255, original)
        if name.startswith("qr"):
            read.append(bool(cv2.QRCodeDetector().detectAndDecode(original)[0]))
    assert np.mean(read) >= 0.8


@pytest.mark.parametrize(("kind", "least", "most"), [("default", 0.02, 0.06), ("hard", 0.09, 0.17)])
def test_the_damage_is_as_strong_as_it_should_be(kind, least, most):
    wrong = [hamming(*pair(kind, 5, number)[1:], 6) for number in range(60)]
    assert least < np.mean(wrong) < most


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_a_set_is_two_folders_of_pairs(tmp_path, suffix):
    distance = make(tmp_path / "set", "default", 4, 1, suffix)
    pairs, bad = load_pairs(match(tmp_path / "set" / "modified", tmp_path / "set" / "original"), "grayscale")
    assert (len(pairs), bad) == (4, ())
    assert np.mean([hamming(one.original, one.modified, 6) for one in pairs]) == pytest.approx(distance)
