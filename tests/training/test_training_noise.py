import numpy as np
import pytest
import tensorflow as tf

from autoencoder.settings import Noise
from autoencoder.training.noise import NOISES, corrupt

SEED = tf.constant([1, 2])


def damaged(images, text, seed=SEED):
    return corrupt(tf.constant(images, tf.float32), text, seed).numpy()


def test_every_noise_is_a_choice_of_the_settings():
    assert set(NOISES) == set(Noise.__args__)


@pytest.mark.parametrize("name", NOISES)
def test_contract(name):
    images = np.random.default_rng(0).random((4, 9, 7, 3))
    result = damaged(images, name)
    assert result.shape == images.shape
    assert result.min() >= 0 and result.max() <= 1
    np.testing.assert_array_equal(result, damaged(images, name))
    np.testing.assert_array_equal(result, damaged(images, f"{name}:{NOISES[name].strength}"))
    np.testing.assert_allclose(damaged(images, f"{name}:0"), images, atol=1e-7)
    assert not np.array_equal(result, damaged(images, name, tf.constant([1, 3])))


def test_gaussian_noise_has_the_strength_asked_for():
    result = damaged(np.full((10, 50, 50, 1), 0.5), "gaussian:0.05")
    assert result.std() == pytest.approx(0.05, rel=0.02)


def test_masking_blackens_whole_pixels_in_the_share_asked_for():
    result = damaged(np.ones((10, 50, 50, 3)), "masking:0.3")
    assert (result == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert set(result.sum(-1).ravel()) == {0.0, 3.0}


def test_salt_and_pepper_come_in_equal_shares():
    result = damaged(np.full((10, 50, 50, 1), 0.5), "salt_pepper:0.4")
    assert (result == 0).mean() == pytest.approx(0.2, abs=0.01)
    assert (result == 1).mean() == pytest.approx(0.2, abs=0.01)
