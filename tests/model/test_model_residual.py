import keras
import numpy as np
import pytest

from autoencoder.model.blocks import residual
from autoencoder.model.build import build
from autoencoder.model.saved import load, save
from autoencoder.settings import Architecture


def block(**knobs):
    inputs = keras.Input((5, 4, 3))
    return keras.Model(inputs, residual(inputs, Architecture(**knobs), "level"))


def test_without_weights_only_the_shortcut_is_left():
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype(np.float32)
    found = block(cnn_kernel_initializer="zeros")(x).numpy()
    np.testing.assert_array_equal(found, np.maximum(x, 0))


def test_a_block_is_two_convolutions_added_to_what_they_are_given():
    network = block()
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype(np.float32)
    first, second = (keras.layers.Conv2D(3, 3, padding="same") for _ in range(2))
    for layer, name in ((first, "level_residual_0"), (second, "level_residual_1")):
        layer.build(x.shape)
        layer.set_weights(network.get_layer(name).get_weights())
    expected = np.maximum(x + second(np.maximum(first(x).numpy(), 0)).numpy(), 0)
    np.testing.assert_allclose(network(x).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("batch_norm", "kinds"),
    [
        ("before", ["BatchNormalization", "Activation", "Conv2D", "BatchNormalization", "Add", "Activation"]),
        ("after", ["Activation", "BatchNormalization", "Conv2D", "Add", "Activation", "BatchNormalization"]),
    ],
)
def test_normalization_stands_where_the_architecture_says(batch_norm, kinds):
    assert [type(layer).__name__ for layer in block(batch_norm=batch_norm).layers] == ["InputLayer", "Conv2D", *kinds]


def test_every_level_of_both_halves_has_a_block_but_the_image():
    models = build(Architecture(filters=(4, 6), residual=True, pooling=("max",), strides=(1,)), (12, 12), 1)
    sums = [
        (layer.name, layer.output.shape[1:])
        for half in (models.encoder, models.decoder)
        for layer in half.layers
        if isinstance(layer, keras.layers.Add)
    ]
    assert sums == [
        ("conv_0_residual_1_sum", (6, 6, 4)),
        ("conv_1_residual_1_sum", (3, 3, 6)),
        ("deconv_1_residual_1_sum", (6, 6, 4)),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_network_with_blocks_learns_everywhere_and_comes_back_with_the_same_answers(tmp_path, suffix):
    keras.utils.set_random_seed(1)
    network = build(Architecture(filters=(4, 6), residual=True, batch_norm="before"), (12, 12), 1).autoencoder
    before = [each.numpy() for each in network.trainable_variables]
    images = np.random.default_rng(0).random((24, 12, 12, 1), np.float32)
    network.compile("adam", "mse")
    network.fit(images, images, epochs=2, verbose=0)
    assert all(np.any(one != other.numpy()) for one, other in zip(before, network.trainable_variables, strict=True))
    save(network, tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(load(tmp_path / f"a{suffix}")(images), network(images))
