import keras
import numpy as np
import pytest
import tensorflow as tf

from autoencoder.model.fused import fused


def taught(how, shape, steps=3, **options):
    """A small network after some steps, and its losses; `how` is a context for the training."""
    keras.utils.set_random_seed(3)
    image = keras.Input(shape)
    x = keras.layers.Dense(4)(image)
    x = keras.layers.BatchNormalization(**options)(x)
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "options"),
    [((6, 5, 2), {}), ((1, 1, 2), {}), ((2,), {}), ((6, 5, 2), {"scale": False}), ((6, 5, 2), {"center": False})],
)
def test_fused_gives_keras_numbers_and_averages(shape, options):
    (plain, losses), (quick, other) = taught(plainly, shape, **options), taught(fused, shape, **options)
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


def test_a_crop_and_its_gradient_are_keras_own():
    layer = keras.layers.Cropping2D(((1, 2), (0, 1)))
    model = keras.Sequential([keras.Input((6, 4, 2)), layer])
    images = tf.constant(np.random.default_rng(1).random((3, 6, 4, 2)), tf.float32)

    def values() -> list[np.ndarray]:
        with tf.GradientTape() as tape:
            tape.watch(images)
            cut = model(images, training=True)
            loss = tf.reduce_sum(cut**2)
        return [cut.numpy(), tape.gradient(loss, images).numpy()]

    plain = values()
    with fused(model):
        quick = values()
    assert plain[0].shape == (3, 3, 3, 2)
    for one, two in zip(plain, quick, strict=True):
        np.testing.assert_array_equal(one, two)
