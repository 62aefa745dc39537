import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from autoencoder.model import apply
from autoencoder.model.apply import AT_ONCE, HELD_BYTES, applied, fitting_batch
from autoencoder.model.build import build
from autoencoder.model.describe import activations
from autoencoder.model.encoder import open_encoder
from autoencoder.model.saved import save
from autoencoder.settings import Architecture


class Counting(layers.Layer):
    """Keeps how many images it was given at a time."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def call(self, images):
        def count(batch):
            self.seen.append(len(batch))
            return batch

        counted = tf.numpy_function(count, [images], tf.float32)
        return tf.ensure_shape(counted, images.shape)


def test_small_images_go_through_a_network_many_at_once():
    assert fitting_batch(build(Architecture(), (28, 28), 1).encoder) == AT_ONCE


@pytest.mark.parametrize(("shape", "channels"), [((256, 256), 3), ((300, 40), 1), ((1024, 1024), 3)])
def test_large_images_go_through_it_as_many_as_fit(shape, channels):
    models = build(Architecture(), shape, channels)
    for model, held in (
        (models.encoder, activations(models._replace(decoder=models.encoder)) // 2),
        (models.autoencoder, activations(models)),
    ):
        batch = fitting_batch(model)
        assert 1 <= batch < AT_ONCE
        assert batch == 1 or 4 * held * batch <= HELD_BYTES


def test_the_batch_of_an_opened_encoder_follows(tmp_path):
    # Of 256 x 256 x 3 values its layers give the image, 32 x 32 x 4 three times and ten numbers twice.
    held = 256 * 256 * 3 + 3 * 32 * 32 * 4 + 2 * 10
    for side, batch in ((28, AT_ONCE), (256, HELD_BYTES // (4 * held))):
        save(build(Architecture(filters=(4,), strides=((8, 8),)), (side, side), 3).encoder, tmp_path / f"{side}.keras")
        assert open_encoder(tmp_path / f"{side}.keras").batch == batch


@pytest.mark.parametrize("count", [1, 3, 4, 10])
def test_however_many_images_are_given_the_network_sees_what_fits(monkeypatch, count):
    monkeypatch.setattr(apply, "fitting_batch", lambda model: 3)
    counting, inputs = Counting(), keras.Input((4, 5, 1))
    model = keras.Model(inputs, layers.Flatten()(counting(inputs)))
    images = np.random.default_rng(0).random((count, 4, 5, 1), np.float32)
    counting.seen.clear()
    np.testing.assert_array_equal(applied(model)(images), images.reshape(count, 20))
    assert sum(counting.seen) == count and max(counting.seen) <= 3


def test_networks_of_other_programs_are_measured_too():
    relu, inputs = layers.ReLU(), keras.Input((8, 8, 1))
    outputs = layers.Flatten()(relu(layers.Conv2D(4, 3)(relu(layers.Conv2D(4, 3)(inputs)))))
    assert fitting_batch(keras.Model(inputs, outputs), 7) == 7
    assert fitting_batch(keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten()]), 7) == 7
    unknown = layers.Lambda(lambda images: tf.boolean_mask(images, [True] * 8, axis=1))(inputs)
    assert fitting_batch(keras.Model(inputs, unknown), 7) == 7
