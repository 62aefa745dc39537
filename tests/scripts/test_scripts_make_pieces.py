"""What make_textures.py and make_photographs.py make of their photographs."""

import runpy
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
TEXTURES, PHOTOGRAPHS = (runpy.run_path(str(SCRIPTS / f"make_{name}.py")) for name in ("textures", "photographs"))


def test_a_piece_lies_inside_its_photograph():
    image = np.full((320, 400, 3), 100, np.uint8)
    image[:3] = image[-3:] = image[:, :3] = image[:, -3:] = 255
    pieces = np.stack([TEXTURES["piece"](image, np.random.default_rng(seed)) for seed in range(40)])
    assert pieces.shape == (40, 64, 64, 3)
    inside = np.ptp(pieces, axis=(1, 2, 3)) == 0
    assert inside.mean() > 0.8  # few reach the border, none what is beyond
    assert pieces[inside].min() >= 74 and pieces[inside].max() <= 126
    assert pieces[inside].min() < 90 and pieces[inside].max() > 110


@pytest.fixture
def made():
    random = np.random.default_rng(3)
    thing = np.dstack([np.ones((60, 40)), np.zeros((60, 40)), np.zeros((60, 40)), np.ones((60, 40))])
    place = random.integers(0, 120, (300, 500, 3), np.uint8)
    return [np.float32(thing)], [place]


def test_images_show_the_thing_and_repeat_with_the_seed(made):
    images = list(PHOTOGRAPHS["images"]("coin", *made, 4, 1))
    again = list(PHOTOGRAPHS["images"]("coin", *made, 4, 1))
    other = list(PHOTOGRAPHS["images"]("coin", *made, 4, 2))
    np.testing.assert_array_equal(images, again)
    assert all(image.shape == (100, 100, 3) and image.dtype == np.uint8 for image in images)
    assert all((first != second).any() for first, second in zip(images, other, strict=True))
    blue = [(np.int16(image[..., 0]) - image[..., 2] > 60).mean() for image in images]
    assert min(blue) > 0.15  # the thing is blue, the place is not


def test_a_cut_out_loses_its_empty_borders():
    image = np.zeros((20, 30, 4), np.float32)
    image[5:9, 10:25] = [1, 1, 1, 0.5]
    cut = PHOTOGRAPHS["cut_to_cover"](image)
    assert cut.shape == (4, 15, 4) and (cut == 0.5).all()
