"""Measures of images against values computed by hand, and against OpenCV."""

import cv2
import numpy as np
import pytest

from autoencoder.metrics import quality
from autoencoder.metrics.quality import MEASURES, measures


def of_one(image) -> dict[str, float]:
    return {name: float(values[0]) for name, values in measures(np.array([image], np.uint8)).items()}


def test_an_empty_image_has_nothing():
    expected = {"sharpness": 0, "brightness": 90, "contrast": 0, "entropy": 0, "one_color": 1}
    assert of_one(np.full((5, 4, 1), 90)) == expected
    assert str(of_one(np.full((5, 4, 1), 90))["entropy"]) == "0.0"  # and not -0.0


def test_a_checkerboard_by_hand():
    board = (np.indices((4, 4)).sum(axis=0) % 2 * 100)[..., None]
    # Inside, a pixel of 0 has four neighbours of 100, and one of 100 has four of 0: 400 and -400, two of each.
    assert of_one(board) == {"sharpness": 160_000, "brightness": 50, "contrast": 50, "entropy": 1, "one_color": 0.5}


def test_four_values_are_two_bits_and_near_ones_are_one_color():
    image = np.array([[0, 31], [32, 255]])[..., None]
    found = of_one(image)
    assert found["entropy"] == 2
    assert found["one_color"] == 0.5  # 0 and 31 lie in one level of 32 values
    assert found["sharpness"] == 0  # no pixel inside
    assert found["brightness"] == pytest.approx(79.5)


def test_colours_are_counted_as_colours_and_measured_in_gray():
    red_green = np.zeros((2, 2, 3))
    red_green[0], red_green[1] = (255, 0, 0), (0, 255, 0)
    found = of_one(red_green)
    assert found["one_color"] == 0.5
    assert found["brightness"] == pytest.approx((76 + 150) / 2)  # 76.245 and 149.685, rounded
    assert found["contrast"] == pytest.approx(37)


@pytest.mark.parametrize("channels", [1, 3])
def test_many_images_agree_with_opencv_and_numpy(monkeypatch, channels):
    monkeypatch.setattr(quality, "_BLOCK_PIXELS", 150)  # blocks of one image, as 9 x 11 leaves no room for two
    images = np.random.default_rng(0).integers(0, 256, (5, 9, 11, channels), np.uint8)
    found = measures(images)
    assert tuple(found) == MEASURES
    for row, image in enumerate(images):
        gray = image[..., 0] if channels == 1 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        inner = cv2.Laplacian(gray, cv2.CV_64F)[1:-1, 1:-1]
        assert found["sharpness"][row] == pytest.approx(inner.var(), rel=0.02)
        assert found["brightness"][row] == pytest.approx(gray.mean(), abs=0.1)
        assert found["contrast"][row] == pytest.approx(gray.std(), abs=0.1)
        shares = np.unique(gray, return_counts=True)[1] / gray.size
        assert found["entropy"][row] == pytest.approx(-(shares * np.log2(shares)).sum(), abs=0.1)
