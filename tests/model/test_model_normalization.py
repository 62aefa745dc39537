import keras
import numpy as np
import pytest

from autoencoder.model.normalization import fused


def taught(how, shape, steps=3):
    """A small network after some steps, and its losses; `how` is a context for the training."""
    keras.utils.set_random_seed(3)
    image = keras.Input(shape)
    x = keras.layers.Dense(4)(image)
    x = keras.layers.BatchNormalization()(x)
    model = keras.Model(image, keras.layers.Dense(1)(x))
    rng = np.random.default_rng(1)
    images = 5 + 3 * rng.standard_normal((24, *shape)).astype(np.float32)
    with how(model):
        model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse")
        losses = model.fit(images, images[..., :1], batch_size=8, epochs=steps, shuffle=False, verbose=0).history[
            "loss"
        ]
    return model, losses


def plainly(model):
    import contextlib

    return contextlib.nullcontext()


@pytest.mark.parametrize("shape", [(6, 5, 2), (1, 1, 2), (2,)])
def test_fused_gives_keras_numbers_and_averages(shape):
    (plain, losses), (quick, other) = taught(plainly, shape), taught(fused, shape)
    assert losses == pytest.approx(other, rel=1e-5)
    for one, two in zip(plain.weights, quick.weights, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)


def test_within_the_block_a_batch_is_normalised_by_hand():
    layer = keras.layers.BatchNormalization(momentum=0.75, epsilon=1e-3)
    model = keras.Sequential([keras.Input((1, 2, 1)), layer])
    batch = np.array([1.0, 3.0, 5.0, 7.0], np.float32).reshape(2, 1, 2, 1)
    with fused(model):
        found = model(batch, training=True)
    np.testing.assert_allclose(np.ravel(found), (batch.ravel() - 4) / np.sqrt(5.001), rtol=1e-5)
    assert float(layer.moving_mean[0]) == pytest.approx(0.25 * 4)
    assert float(layer.moving_variance[0]) == pytest.approx(0.75 + 0.25 * 5)


def test_a_frozen_layer_and_the_time_after_the_block_are_keras_own():
    layer = keras.layers.BatchNormalization()
    model = keras.Sequential([keras.Input((2, 2, 3)), layer])
    batch = np.random.default_rng(1).random((4, 2, 2, 3)).astype(np.float32)
    layer.trainable = False
    with fused(model):
        np.testing.assert_allclose(model(batch, training=True), model(batch), rtol=1e-6)
    assert "call" not in vars(layer)
    assert float(layer.moving_mean[0]) == 0
