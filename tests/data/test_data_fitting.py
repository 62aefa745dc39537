"""Images of other proportions: stretched, padded or cropped, at whatever size they were decoded."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.data.decode import decode, fit
from autoencoder.data.fitting import Plan, ample, plan
from autoencoder.data.rules import AS_STORED, Rules

PAD, CROP = AS_STORED._replace(fit="pad"), AS_STORED._replace(fit="crop")
SIDES = st.integers(1, 3000)


@pytest.mark.parametrize(
    ("shape", "wanted", "padded", "cropped"),
    [
        ((30, 60), (20, 20), Plan((30, 60), (10, 20)), Plan((30, 30), (20, 20))),
        ((60, 30), (20, 20), Plan((60, 30), (20, 10)), Plan((30, 30), (20, 20))),
        ((10, 10), (20, 40), Plan((10, 10), (20, 20)), Plan((5, 10), (20, 40))),
        ((3, 700), (28, 28), Plan((3, 700), (1, 28)), Plan((3, 3), (28, 28))),
        ((7, 7), (9, 9), Plan((7, 7), (9, 9)), Plan((7, 7), (9, 9))),
    ],
)
def test_what_is_shown_and_how_large(shape, wanted, padded, cropped):
    assert plan(shape, wanted, PAD) == padded
    assert plan(shape, wanted, CROP) == cropped
    assert plan(shape, wanted, AS_STORED) == Plan(shape, wanted)


@given(*[SIDES] * 4)
def test_padding_shows_all_of_an_image_and_cropping_fills_all_that_is_wanted(height, width, high, wide):
    padded, cropped = plan((height, width), (high, wide), PAD), plan((height, width), (high, wide), CROP)
    assert padded.part == (height, width) and cropped.size == (high, wide)
    assert 1 <= padded.size[0] <= high and 1 <= padded.size[1] <= wide
    assert padded.size[0] == high or padded.size[1] == wide
    assert 1 <= cropped.part[0] <= height and 1 <= cropped.part[1] <= width
    assert cropped.part[0] == height or cropped.part[1] == width
    assert np.abs(np.array(padded.size) - np.array([height, width]) * min(high / height, wide / width)).max() <= 1


def test_the_border_is_the_background_in_the_colour_of_the_image():
    image = np.full((2, 8), 100, np.uint8)
    padded = fit(image, (8, 8), "rgb", Rules((10, 20, 30), None, "pad"))
    assert padded[0, 0].tolist() == padded[7, 7].tolist() == [10, 20, 30]
    assert padded[3, 0].tolist() == [100, 100, 100]
    gray = fit(np.dstack([image] * 3), (8, 8), "grayscale", Rules((10, 20, 30), None, "pad"))
    assert gray[0, 0, 0] == cv2.cvtColor(np.array([[[10, 20, 30]]], np.uint8), cv2.COLOR_RGB2GRAY)[0, 0] == 18
    assert fit(image, (8, 8), "rgb", PAD)[0, 0].tolist() == [0, 0, 0]


def test_an_odd_row_too_much_is_cut_below_and_one_too_few_is_added_below():
    rows = np.array([[10], [20], [30]], np.uint8).repeat(2, axis=1)
    assert fit(rows, (2, 2), "grayscale", CROP)[..., 0].tolist() == [[10, 10], [20, 20]]
    assert fit(rows[:2], (2, 3), "grayscale", PAD)[..., 0].tolist() == [[10, 10, 0], [20, 20, 0]]


@pytest.mark.parametrize("shape", [(1, 32_768), (32_768, 1)])
def test_a_long_thin_image_takes_little_memory(shape, monkeypatch):
    largest = []
    resize = cv2.resize
    monkeypatch.setattr(cv2, "resize", lambda image, size, **how: largest.append(size) or resize(image, size, **how))
    for rules in (PAD, CROP, AS_STORED):
        assert fit(np.full((*shape, 3), 9, np.uint8), (256, 256), "rgb", rules).max() == 9
    assert max(high * wide for high, wide in largest) <= 256 * 256


@pytest.mark.parametrize("rules", [PAD, CROP], ids=["pad", "crop"])
@pytest.mark.parametrize("sides", [(427, 640), (640, 427), (2000, 301), (801, 799)])
@pytest.mark.parametrize("wanted", [(32, 32), (20, 60)])
def test_a_photograph_decoded_smaller_is_placed_as_if_it_were_not(rules, sides, wanted):
    rows, columns = np.mgrid[: sides[0], : sides[1]]
    image = np.dstack([255 * rows / sides[0], 255 * columns / sides[1], 200 + 0 * rows]).astype(np.uint8)
    data = cv2.imencode(".jpg", image[..., ::-1])[1].tobytes()
    small = decode(data, wanted=wanted, rules=rules)
    found, whole = fit(small, wanted, "rgb", rules, sides), fit(decode(data), wanted, "rgb", rules)
    assert np.array_equal(found[..., 2] > 100, whole[..., 2] > 100)  # the same border
    assert np.abs(found.astype(int) - whole).max() <= 8


def test_a_photograph_is_decoded_at_twice_the_size_at_which_it_is_shown():
    data = cv2.imencode(".jpg", np.zeros((400, 800), np.uint8))[1].tobytes()
    sizes = {rules.fit: decode(data, wanted=(32, 32), rules=rules).shape for rules in (AS_STORED, PAD, CROP)}
    assert sizes == {"stretch": (100, 200), "pad": (50, 100), "crop": (100, 200)}
    assert [ample((400, 800), (32, 32), rules) for rules in (AS_STORED, PAD, CROP)] == [(32, 32), (16, 32), (32, 64)]
