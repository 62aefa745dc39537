import keras
import numpy as np
import pytest

from autoencoder.model.build import build
from autoencoder.model.geometry import levels
from autoencoder.model.pixel_shuffle import PixelShuffle, Repeated
from autoencoder.model.upsampling import pixel_shuffle
from autoencoder.settings import Architecture

OPTIONS = {"padding": "same", "kernel_initializer": "glorot_uniform"}


@pytest.mark.parametrize("factor", [(2, 2), (3, 3), (1, 2), (3, 2)])
def test_every_channel_becomes_the_pixel_that_equation_4_says(factor):
    rows, columns = factor
    given = np.arange(2 * 4 * 5 * rows * columns * 3, dtype=np.float32).reshape(2, 4, 5, rows * columns * 3)
    made = PixelShuffle(factor)(given).numpy()
    assert made.shape == (2, 4 * rows, 5 * columns, 3)
    for y, x, channel in np.ndindex(made.shape[1:]):
        source = ((y % rows) * columns + x % columns) * 3 + channel
        np.testing.assert_array_equal(made[:, y, x, channel], given[:, y // rows, x // columns, source])


@pytest.mark.parametrize("strides", [2, 3, (1, 2), (3, 2)])
@pytest.mark.parametrize("initializer", ["glorot_uniform", "orthogonal"])
def test_a_fresh_one_is_a_convolution_whose_pixels_are_repeated(strides, initializer):
    (level,) = levels(Architecture(filters=(6,), strides=(strides,), kernel_size=(3,)), (12, 12))
    inputs = keras.Input((*level.size_out, 6))
    options = OPTIONS | {"kernel_initializer": initializer}
    network = keras.Model(inputs, pixel_shuffle(inputs, level, 4, options, "deconv"))
    x = np.random.default_rng(0).normal(size=(2, *level.size_out, 6)).astype(np.float32)
    kernel, bias = network.get_layer("deconv").get_weights()
    single = keras.layers.Conv2D(4, 3, padding="same")
    single.build((None, None, None, 6))
    single.set_weights([kernel[..., :4], bias[:4]])
    expected = single(x).numpy().repeat(level.factor[0], axis=1).repeat(level.factor[1], axis=2)
    np.testing.assert_allclose(network(x).numpy(), expected, atol=1e-6)
    assert expected.std() > 0.01


def test_a_level_that_does_not_shrink_is_grown_by_a_plain_convolution():
    decoder = build(Architecture(filters=(4, 6), strides=(2, 1), upsampling="pixel_shuffle"), (8, 8), 1).decoder
    shuffles = [layer.name for layer in decoder.layers if isinstance(layer, PixelShuffle)]
    assert shuffles == ["deconv_0_shuffle"]
    assert decoder.get_layer("deconv_1").output.shape[1:] == (4, 4, 4)


def test_kernels_are_drawn_as_by_the_initializer_alone_and_it_is_written_and_read():
    again = keras.initializers.deserialize(keras.initializers.serialize(Repeated("ones", 4)))
    assert (type(again), again.pixels) == (Repeated, 4)
    np.testing.assert_array_equal(again((3, 3, 2, 8)), np.ones((3, 3, 2, 8)))
    # The variance is that of the kernels of one pixel: of 8 channels given, not of 32.
    drawn = np.asarray(Repeated(keras.initializers.HeNormal(seed=1), 4)((3, 3, 2, 32)))
    np.testing.assert_array_equal(drawn[..., :8], keras.initializers.HeNormal(seed=1)((3, 3, 2, 8)))


def test_training_changes_every_pixels_kernels_apart():
    keras.utils.set_random_seed(1)
    network = build(Architecture(filters=(4,), kernel_size=(3,), upsampling="pixel_shuffle"), (8, 8), 1).autoencoder
    images = np.random.default_rng(0).random((16, 8, 8, 1), np.float32)
    network.compile("adam", "mse")
    network.fit(images, images, verbose=0)
    kernel = network.get_layer("decoder").get_layer("deconv_0").get_weights()[0]
    assert all(np.abs(kernel[..., 0] - kernel[..., each]).max() > 0 for each in (1, 2, 3))
