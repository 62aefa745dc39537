import numpy as np
import pytest
import tensorflow as tf

from autoencoder.settings import Augmentation
from autoencoder.training.augment import AUGMENTATIONS, DRAWINGS, MOVES, PHOTOGRAPHS, augment, suited

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


def test_a_crop_shows_30_to_100_percent_of_the_image_and_nothing_beyond_its_edge():
    rows, columns = np.meshgrid(np.arange(41), np.arange(41), indexing="ij")
    ramp = np.stack([rows, columns, 0 * rows], -1).astype(np.float32) / 40
    result = changed(np.repeat(ramp[None], 200, 0), "crop")
    # The ramps tell where each corner of the part was taken from, in shares of the side.
    high, wide = (np.ptp(result[..., axis], axis=(1, 2)) for axis in (0, 1))
    area = high * wide
    assert 0.27 < area.min() < 0.4 and area.max() > 0.9
    assert np.abs(np.log(wide / high)).max() <= 0.25 + 0.01
    assert np.abs(np.log(wide / high)).max() > 0.15
    middles = result[:, 20, 20, :2]
    assert middles.std(axis=0).min() > 0.05
    assert result[..., 2].max() == 0


def test_color_is_brightness_contrast_and_saturation_of_each_image():
    image = np.random.default_rng(0).uniform(0.3, 0.5, (1, 8, 8, 3)).astype(np.float32)
    result = changed(np.repeat(image, 300, 0), "color")
    luma = np.array([0.299, 0.587, 0.114])
    before, after = (image @ luma)[0], result @ luma
    bright = after.mean((1, 2)) / before.mean()
    assert 0.6 <= bright.min() < 0.65 and 1.35 < bright.max() <= 1.4 + 1e-4
    contrast = after.std((1, 2)) / before.std() / bright
    assert 0.6 - 1e-3 <= contrast.min() < 0.65 and 1.35 < contrast.max() <= 1.4 + 1e-3
    spread = [(each - (each @ luma)[..., None]).std() for each in (image[0], *result)]
    saturation = np.array(spread[1:]) / spread[0] / bright / contrast
    assert saturation.min() < 0.1 and 1.3 < saturation.max() <= 1.4 + 1e-3


def test_color_of_gray_images_is_brightness_and_contrast():
    image = np.random.default_rng(0).uniform(0.3, 0.5, (1, 8, 8, 1)).astype(np.float32)
    gray = changed(np.repeat(image, 20, 0), "color")
    in_three = changed(np.repeat(np.repeat(image, 20, 0), 3, 3), "color")
    np.testing.assert_allclose(in_three, np.repeat(gray, 3, 3), atol=1e-6)
    assert gray.mean((1, 2, 3)).std() > 0.05


def test_a_fifth_of_the_images_is_made_gray(images):
    many = np.tile(images, (8, 1, 1, 1))
    result = changed(many, "gray")
    kept = (result == many).all((1, 2, 3))
    assert 0.14 < 1 - kept.mean() < 0.26
    luma = (many[~kept] @ np.float32([0.299, 0.587, 0.114]))[..., None]
    np.testing.assert_allclose(result[~kept], np.repeat(luma, 3, 3), atol=1e-6)
    np.testing.assert_array_equal(changed(images[..., :1], "gray"), images[..., :1])


def test_pairs_of_images_in_colour_are_changed_alike(images):
    pairs = np.concatenate([images, images], -1)
    result = changed(pairs, "crop", "color", "gray", "blur")
    np.testing.assert_allclose(result[..., :3], result[..., 3:], atol=1e-6)


def test_blur_spreads_a_point_over_its_neighbours_in_half_of_the_images():
    images = np.zeros((100, 9, 9, 1), np.float32)
    images[:, 4, 4] = 1
    result = changed(images, "blur")
    np.testing.assert_allclose(result.sum((1, 2, 3)), 1, atol=1e-5)
    shares = 1 - result[:, 4, 4, 0]
    assert 30 < (shares > 0).sum() < 70
    assert shares.max() <= 1 - 36 / 256 + 1e-6
    np.testing.assert_allclose(result[:, 4, 3, 0] / 24, result[:, 4, 4 - 2, 0] / 6, atol=1e-6)


def test_colours_alone_are_not_interpolated():
    images = np.random.default_rng(0).random((40, 5, 5, 3), np.float32)
    result = changed(images, "gray")
    assert ((result == images).all((1, 2, 3))).any()


def test_photographs_are_told_from_drawings_and_from_what_is_gray(digits):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (8, 12, 12, 3)).astype(np.uint8)
    flat = np.repeat(np.repeat(noise[:, ::6, ::6], 6, 1), 6, 2)
    assert suited(noise) == PHOTOGRAPHS
    assert suited(flat) == suited(noise[..., :1]) == suited(digits) == DRAWINGS
    assert suited(np.zeros((3, 1, 1, 3), np.uint8)) == DRAWINGS
