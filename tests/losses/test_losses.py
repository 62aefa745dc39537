import keras
import numpy as np
import pytest

from autoencoder.losses import LOSSES
from autoencoder.settings import Loss


@pytest.fixture
def images():
    return np.random.default_rng(0).random((3, 14, 12, 2), np.float32)


def test_every_loss_is_a_choice_of_the_settings():
    assert set(LOSSES) == set(Loss.__args__)


@pytest.mark.parametrize("name", LOSSES)
def test_contract(name, images):
    other = images[::-1].copy()
    same, different = LOSSES[name](images, images).numpy(), LOSSES[name](images, other).numpy()
    assert same.shape == different.shape == (3,)
    assert (different[[0, 2]] > same[[0, 2]]).all()
    assert keras.saving.get_registered_name(LOSSES[name]) == f"autoencoder>{LOSSES[name].__name__}"


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_a_finite_gradient_on_flat_images(name):
    import tensorflow as tf

    true, predicted = tf.zeros((1, 5, 5, 1)), tf.Variable(tf.fill((1, 5, 5, 1), 0.5))
    with tf.GradientTape() as tape:
        loss = LOSSES[name](true, predicted)
    assert np.isfinite(tape.gradient(loss, predicted).numpy()).all()


def test_hand_computed_values():
    true, predicted = np.zeros((1, 1, 2, 1), np.float32), np.array([[[[0.5], [0.05]]]], np.float32)
    assert LOSSES["mse"](true, predicted).numpy() == pytest.approx([(0.25 + 0.0025) / 2])
    assert LOSSES["mae"](true, predicted).numpy() == pytest.approx([0.275])
    # Huber: 0.05**2 / 2 below delta = 0.1; 0.1 * (0.5 - 0.05) above it.
    assert LOSSES["huber"](true, predicted).numpy() == pytest.approx([(0.00125 + 0.045) / 2])
    assert LOSSES["binary_crossentropy"](true, predicted).numpy() == pytest.approx(
        [-(np.log(0.5) + np.log(0.95)) / 2], rel=1e-4
    )


def direct_ssim(true, predicted):
    """Equation 13 of Wang et al. 2004 window by window, in float64, for one image."""
    true, predicted = true.astype(float), predicted.astype(float)
    side = min(11, *true.shape[:2])
    line = np.exp(-((np.arange(side) - (side - 1) / 2) ** 2) / (2 * 1.5**2))
    window = np.outer(line, line)[..., None] / line.sum() ** 2
    values = []
    for row in range(true.shape[0] - side + 1):
        for column in range(true.shape[1] - side + 1):
            x, y = (image[row : row + side, column : column + side] for image in (true, predicted))
            mx, my = (window * x).sum((0, 1)), (window * y).sum((0, 1))
            vx, vy = (window * (x - mx) ** 2).sum((0, 1)), (window * (y - my) ** 2).sum((0, 1))
            cov = (window * (x - mx) * (y - my)).sum((0, 1))
            values.append((2 * mx * my + 1e-4) * (2 * cov + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4)))
    return np.mean(values)


SIZES = [(1, 1), (2, 7), (4, 4), (5, 20), (8, 8), (10, 11), (11, 11), (12, 12), (14, 12), (28, 28), (64, 64)]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_ssim_agrees_with_a_sum_over_windows(size, channels):
    true = np.random.default_rng(0).random((3, *size, channels), np.float32)
    predicted = (0.7 * true + 0.3 * true[::-1]).astype(np.float32)
    expected = [1 - direct_ssim(*pair) for pair in zip(true, predicted, strict=True)]
    np.testing.assert_allclose(LOSSES["ssim"](true, predicted), expected, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_ssim_has_a_finite_gradient(size, channels):
    import tensorflow as tf

    true = np.random.default_rng(0).random((3, *size, channels), np.float32)
    for start in (true, true[::-1], np.zeros_like(true)):
        predicted = tf.Variable(start)
        with tf.GradientTape() as tape:
            loss = LOSSES["ssim"](true, predicted)
        gradient = tape.gradient(loss, predicted).numpy()
        assert np.isfinite(gradient).all()
        assert start is true or gradient.any()
