import cv2
import keras
import numpy as np
import pytest

from autoencoder.model.local_features import CELL, DIRECTIONS, SIDE, GradientHistograms, averaging
from autoencoder.model.saved import load, save


def histograms(images):
    return np.asarray(GradientHistograms()(images))


def reference(image):
    """Histograms of one image of 32 x 32 pixels, pixel by pixel, as the paper tells it."""
    down, right = np.zeros_like(image), np.zeros_like(image)
    down[1:-1], right[:, 1:-1] = image[2:] - image[:-2], image[:, 2:] - image[:, :-2]
    cells = np.zeros((SIDE // CELL, SIDE // CELL, DIRECTIONS))
    for row in range(SIDE):
        for column in range(SIDE):
            lengths = np.hypot(down[row, column], right[row, column])
            best = lengths.argmax()
            place = np.arctan2(down[row, column, best], right[row, column, best]) % np.pi / np.pi * DIRECTIONS
            share = place - np.floor(place)
            cell = cells[row // CELL, column // CELL]
            cell[int(place) % DIRECTIONS] += lengths[best] * (1 - share)
            cell[(int(place) + 1) % DIRECTIONS] += lengths[best] * share
    blocks = []
    for row in range(SIDE // CELL - 1):
        for column in range(SIDE // CELL - 1):
            parts = [cells[row, column], cells[row, column + 1], cells[row + 1, column], cells[row + 1, column + 1]]
            block = np.concatenate(parts)
            blocks.append(block / np.sqrt(np.square(block).sum() + 0.01))
    return np.concatenate(blocks)


@pytest.mark.parametrize("channels", [1, 3])
def test_histograms_are_those_of_the_paper(channels):
    images = np.random.default_rng(0).random((2, SIDE, SIDE, channels), np.float32)
    expected = np.stack([reference(image) for image in images])
    np.testing.assert_allclose(histograms(images), expected, atol=1e-4)


def test_an_image_of_one_colour_has_no_edges():
    assert not histograms(np.full((1, 20, 30, 3), 0.7, np.float32)).any()


def test_an_edge_is_in_the_cells_where_it_is_and_across_its_direction():
    image = np.zeros((1, SIDE, SIDE, 1), np.float32)
    image[:, :, 18:] = 1.0  # a step from left to right: the gradient points right, direction 0
    blocks = histograms(image).reshape(7, 7, 4, DIRECTIONS)
    assert blocks[3, 3, 1, 0] > 0.5 and blocks[3, 3, 0, 0] == 0  # in the block's second cell alone
    assert not blocks[..., 1:].any() and not blocks[:, :3].any()


def test_twice_the_light_changes_little():
    image = np.random.default_rng(1).random((1, SIDE, SIDE, 1), np.float32)
    near, far = histograms(image), histograms(0.5 * image)
    assert np.linalg.norm(near - far) < 0.1 * np.linalg.norm(near)


@pytest.mark.parametrize(("size", "wanted"), [(64, 32), (48, 32), (33, 32), (8, 32), (1, 32)])
def test_rows_are_means_of_areas_or_points_between(size, wanted):
    matrix = averaging(size, wanted)
    np.testing.assert_allclose(matrix.sum(axis=1), 1, rtol=1e-5)
    values = np.random.default_rng(size).random((size, 1)).astype(np.float32)
    how = cv2.INTER_AREA if size > wanted else cv2.INTER_LINEAR
    np.testing.assert_allclose(matrix @ values, cv2.resize(values, (1, wanted), interpolation=how), atol=1e-4)


def test_a_saved_layer_gives_the_same(tmp_path):
    inputs = keras.Input((10, 14, 3))
    model = keras.Model(inputs, GradientHistograms()(inputs))
    save(model, tmp_path / "model.keras")
    images = np.random.default_rng(3).random((3, 10, 14, 3), np.float32)
    np.testing.assert_array_equal(load(tmp_path / "model.keras")(images), model(images))
