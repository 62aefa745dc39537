import keras
import numpy as np
import pytest

from autoencoder.errors import UsageError
from autoencoder.model.build import build
from autoencoder.model.linear_path import LINEAR, ClippedImage
from autoencoder.model.precision import computing_in
from autoencoder.model.saved import load, save
from autoencoder.settings import Architecture, Settings


def models(**knobs):
    keras.utils.set_random_seed(1)
    knobs = {"linear_path": "pca", "filters": (4, 6), "dims": (5,), "output_activation": "linear", **knobs}
    return build(Architecture(**knobs), (9, 7), 3)


def test_embedding_and_image_are_sums():
    made, images = models(), np.random.default_rng(0).random((4, 9, 7, 3), np.float32)
    kernel, bias = made.encoder.get_layer(f"{LINEAR}embedding").get_weights()
    network = keras.Model(made.encoder.input, made.encoder.get_layer("embedding").output)
    expected = images.reshape(4, -1) @ kernel + bias + network.predict(images, verbose=0)
    vectors = made.encoder.predict(images, verbose=0)
    np.testing.assert_allclose(vectors, expected, atol=1e-5)

    kernel, bias = made.decoder.get_layer(f"{LINEAR}pixels").get_weights()
    network = keras.Model(made.decoder.input, made.decoder.get_layer("image").output)
    expected = (vectors @ kernel + bias).reshape(4, 9, 7, 3) + network.predict(vectors, verbose=0)
    np.testing.assert_allclose(made.decoder.predict(vectors, verbose=0), expected.clip(0, 1), atol=1e-5)


def test_the_image_is_cut_where_it_is_used_and_not_while_the_network_learns():
    values = np.array([[-0.5, 0.25, 1.5]], np.float32)
    np.testing.assert_array_equal(ClippedImage()(values), [[0, 0.25, 1]])
    np.testing.assert_array_equal(ClippedImage()(values, training=True), values)


@pytest.mark.parametrize("path", ["pca", "local_pca"])
def test_saved_and_read_again_it_gives_the_same(tmp_path, path):
    made, images = (
        models(batch_norm="before", linear_path=path),
        np.random.default_rng(0).random((3, 9, 7, 3), np.float32),
    )
    save(made.autoencoder, tmp_path / "a.keras")
    read = load(tmp_path / "a.keras").predict(images, verbose=0)
    np.testing.assert_array_equal(read, made.autoencoder.predict(images, verbose=0))


def test_the_linear_path_computes_in_float32_whatever_the_rest_does():
    made = models()
    with computing_in("bfloat16", made.autoencoder):
        dtypes = {layer.name: layer.compute_dtype for layer in made.autoencoder._flatten_layers()}
    linear = {name: dtype for name, dtype in dtypes.items() if name.startswith(LINEAR)}
    assert len(linear) == 6 and set(linear.values()) == {"float32"}
    assert dtypes["conv_0"] == "bfloat16"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"mlp": False}, "needs an embedding of --dims, which there is not with --mlp=False"),
        ({"last_activation": "selu"}, "--last_activation=selu would bend the embedding"),
        ({"output_activation": "sigmoid"}, "--output_activation=sigmoid: with --linear_path the image is a sum"),
        ({"progressive": [0.5, 1]}, "--progressive starts from small images, and --linear_path from whole ones"),
        ({"linear_path": "local_pca", "dims": [1]}, "needs --dims of 2 at least"),
        ({"linear_parts": 4}, "--linear_parts belongs to --linear_path=local_pca"),
        ({"loss": "binary_crossentropy"}, "--loss=binary_crossentropy is of values between 0 and 1"),
    ],
)
def test_what_a_sum_cannot_have_is_refused(flags, said):
    with pytest.raises(UsageError, match=said):
        Settings.from_flags({"linear_path": "pca", **flags}).resolved()


def test_what_was_not_given_follows_from_the_linear_path():
    settings = Settings.from_flags({"linear_path": "pca"}).resolved()
    assert (settings.training.loss, settings.architecture.output_activation) == ("mse", "linear")
    assert Settings.from_flags({"linear_path": "pca", "loss": "mae"}).resolved().training.loss == "mae"
    again = Settings.from_flags(settings.to_flags())
    assert again.resolved() == settings
    assert Settings.from_flags({}).resolved() == Settings()
