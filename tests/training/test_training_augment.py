import numpy as np
import pytest
import tensorflow as tf

from autoencoder.settings import Augmentation
from autoencoder.training.augment import AUGMENTATIONS, MOVES, augment

SEED = tf.constant([1, 2])


@pytest.fixture
def images():
    return np.random.default_rng(0).random((64, 6, 6, 3), np.float32)


def changed(images, *names, seed=SEED):
    return augment(tf.constant(images), names, seed).numpy()


def test_every_augmentation_is_a_choice_of_the_settings():
    assert set(AUGMENTATIONS) == set(Augmentation.__args__)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_contract(images, name):
    result = changed(images, name)
    assert result.shape == images.shape
    assert result.dtype == np.float32
    assert result.min() >= 0 and result.max() <= 1
    assert not np.array_equal(result, images)
    np.testing.assert_array_equal(result, changed(images, name))
    assert not np.array_equal(result, changed(images, name, seed=tf.constant([1, 3])))


@pytest.mark.parametrize(("name", "axis"), [("hflip", 2), ("vflip", 1)])
def test_flips_are_exact_and_happen_in_about_half_of_the_images(images, name, axis):
    result = changed(images, name)
    flipped = np.array([np.allclose(a, b, atol=1e-6) for a, b in zip(result, np.flip(images, axis), strict=True)])
    kept = np.array([np.allclose(a, b, atol=1e-6) for a, b in zip(result, images, strict=True)])
    assert (flipped ^ kept).all()
    assert 16 <= flipped.sum() <= 48


def test_quarter_turns_are_exact_and_all_four_occur(images):
    result = changed(images, "rotate90")
    turns = [
        [np.allclose(after, np.rot90(before, turn), atol=1e-5) for turn in range(4)]
        for before, after in zip(images, result, strict=True)
    ]
    assert (np.sum(turns, axis=1) == 1).all()
    assert (np.sum(turns, axis=0) > 4).all()


def test_an_image_that_is_not_square_is_turned_by_halves_only():
    images = np.random.default_rng(0).random((32, 4, 7, 1), np.float32)
    for before, after in zip(images, changed(images, "rotate90"), strict=True):
        assert np.allclose(after, before, atol=1e-5) or np.allclose(after, np.rot90(before, 2), atol=1e-5)


def test_a_shift_moves_a_bright_pixel_by_at_most_a_tenth_of_the_side():
    images = np.zeros((50, 41, 41, 1), np.float32)
    images[:, 20, 20] = 1
    rows, columns = np.meshgrid(np.arange(41), np.arange(41), indexing="ij")
    result = changed(images, "shift")[..., 0]
    centres = np.stack([(result * grid).sum((1, 2)) / result.sum((1, 2)) for grid in (rows, columns)])
    assert np.abs(centres - 20).max() <= 4.1 + 1e-3
    assert np.abs(centres - 20).max() > 3


def test_a_flat_image_stays_flat_because_the_edge_is_repeated():
    images = np.full((8, 9, 9, 1), 0.5, np.float32)
    np.testing.assert_allclose(changed(images, *MOVES, "blur"), 0.5, atol=1e-6)
