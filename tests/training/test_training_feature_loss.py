import keras
import numpy as np
import pytest
import tensorflow as tf

from autoencoder.errors import UsageError
from autoencoder.losses import LOSSES
from autoencoder.model.build import build
from autoencoder.model.saved import load, save
from autoencoder.settings import Architecture, Training
from autoencoder.training.feature_loss import feature_network, loss_of
from autoencoder.training.fit import fit


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A network of two convolutions of 3 x 3 on 8 x 8 images in colour, saved as any program may."""
    keras.utils.set_random_seed(3)
    images = keras.Input((8, 8, 3))
    first = keras.layers.Conv2D(4, 3, padding="same", activation="relu", bias_initializer="ones", name="first")(images)
    pooled = keras.layers.MaxPooling2D(name="pool")(first)
    second = keras.layers.Conv2D(5, 3, padding="same", name="second")(pooled)
    normalized = keras.layers.BatchNormalization(name="normalized")(second)
    flat = keras.layers.Dense(2, name="flat")(keras.layers.Flatten()(normalized))
    path = tmp_path_factory.mktemp("tiny") / "tiny.keras"
    save(keras.Model(images, flat), path)
    return path


def asked(path, *layers, **more):
    return Training(loss="feature", feature_layers=layers or ("first", "second"), feature_weights=str(path), **more)


def images(channels=3, side=8, seed=0):
    return np.random.default_rng(seed).random((3, side, side, channels), np.float32)


def convolved(maps, kernel, bias):
    """A convolution of 3 x 3 with zeros around, place by place."""
    padded = np.pad(maps, ((1, 1), (1, 1), (0, 0)))
    height, width, _ = maps.shape
    windows = [[padded[y : y + 3, x : x + 3].reshape(-1) for x in range(width)] for y in range(height)]
    return np.array(windows) @ kernel.reshape(-1, kernel.shape[-1]) + bias


def expected(path, true, predicted, pixel_weight):
    """The loss of one image in float64."""
    network, layers = load(path), []
    (k1, b1), (k2, b2) = (network.get_layer(name).get_weights() for name in ("first", "second"))
    for image in (true.astype(float), predicted.astype(float)):
        first = np.maximum(convolved(image, k1, b1), 0)
        height, width, channels = first.shape
        pooled = first.reshape(height // 2, 2, width // 2, 2, channels).max((1, 3))
        layers.append([first, convolved(pooled, k2, b2)])
    apart = []
    for one, other in zip(*layers, strict=True):
        units = [each / np.sqrt((each**2).sum(-1, keepdims=True) + 1e-6) for each in (one, other)]
        apart.append(((units[0] - units[1]) ** 2).sum(-1).mean())
    return np.mean(apart) + pixel_weight * ((true - predicted) ** 2).mean()


@pytest.mark.parametrize(("channels", "side"), [(3, 8), (1, 8), (3, 12), (1, 2)])
def test_the_value_is_that_of_a_sum_over_places(tiny, channels, side):
    true, predicted = images(channels, side), images(channels, side, seed=1)
    found = loss_of(asked(tiny, pixel_weight=3), (side, side, channels))(true, predicted).numpy()
    colored = [np.broadcast_to(each, (3, side, side, 3)) for each in (true, predicted)]
    assert found == pytest.approx([expected(tiny, *pair, 3) for pair in zip(*colored, strict=True)], rel=1e-4)


def test_one_layer_alone_is_no_mean_over_images(tiny):
    first, second, both = (
        loss_of(asked(tiny, *layers, pixel_weight=0), (8, 8, 3))(images(), images(seed=1)).numpy()
        for layers in (["first"], ["second"], ["first", "second"])
    )
    assert first.shape == (3,)
    np.testing.assert_allclose(both, (first + second) / 2, rtol=1e-5)


def test_it_is_nothing_for_equal_images(tiny):
    assert loss_of(asked(tiny), (8, 8, 3))(images(), images()).numpy() == pytest.approx(np.zeros(3), abs=1e-6)


def test_other_losses_are_those_of_the_table():
    assert loss_of(Training(loss="mae"), (8, 8, 3)) is LOSSES["mae"]


def test_the_network_ends_with_the_deepest_layer_and_is_frozen(tiny):
    network = feature_network(asked(tiny, "first"), (8, 8, 3))
    assert network.count_params() == 4 * (27 + 1)
    assert not network.trainable_weights
    assert tuple(network(images()).shape) == (3, 8, 8, 4)


def test_what_normalizes_uses_its_own_statistics_and_learns_none(tiny):
    training = asked(tiny, "normalized")
    network = feature_network(training, (8, 8, 3))
    before = [np.array(each) for each in network.get_weights()]
    whole, alone = (network(each, training=False).numpy() for each in (images(), images()[:1]))
    np.testing.assert_allclose(whole[:1], alone, rtol=1e-4, atol=1e-5)
    for one, other in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_gradients_reach_every_weight_of_the_autoencoder_and_none_of_the_network(tiny, monkeypatch):
    made: list[keras.Model] = []

    def keep(*given):
        made.append(feature_network(*given))
        return made[0]

    monkeypatch.setattr("autoencoder.training.feature_loss.feature_network", keep)
    keras.utils.set_random_seed(1)
    models = build(Architecture(filters=(4,), dims=(3,), activation="elu"), (8, 8), 3)
    loss = loss_of(asked(tiny, pixel_weight=0), (8, 8, 3))
    with tf.GradientTape() as tape:
        tape.watch([each.value for each in made[0].weights])
        value = loss(images(), models.autoencoder(images(), training=True))
    found = tape.gradient(value, models.autoencoder.trainable_variables)
    assert all(np.abs(each).max() > 0 for each in found)


@pytest.mark.slow
def test_training_lowers_it_and_leaves_the_network_out_of_what_is_saved(tiny, tmp_path):
    keras.utils.set_random_seed(1)
    models = build(Architecture(filters=(8,), dims=(6,)), (8, 8), 1)
    weights = models.autoencoder.count_params()
    pixels = (images(1) * 255).astype(np.uint8).repeat(8, axis=0)
    fitted = fit(models, pixels, pixels, asked(tiny, train_epochs=12, learning_rate=0.01, batch_size=7), [])
    assert fitted.history["val_loss"][-1] < 0.7 * fitted.history["val_loss"][0]
    save(models.autoencoder, tmp_path / "saved.keras")
    again = load(tmp_path / "saved.keras")
    assert again.count_params() == weights
    given = pixels[:4] / np.float32(255)
    np.testing.assert_allclose(again(given), models.autoencoder(given), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("layers", "shape", "said"),
    [
        (("secnd",), (8, 8, 3), r"--feature_layers: there is no layer 'secnd' in tiny.keras; did you mean second\?"),
        (
            ("flat",),
            (12, 12, 3),
            r"--feature_layers: those of tiny.keras, .* 8 x 8 pixels, do not fit images of 12 x 12",
        ),
        (("second",), (1, 1, 3), r"do not fit images of 1 x 1; give layers that come before"),
        (("first",), (8, 8, 2), r"--feature_weights: tiny.keras takes images of 3 channels, and these have 2"),
    ],
)
def test_what_does_not_fit_is_refused(tiny, layers, shape, said):
    with pytest.raises(UsageError, match=said):
        loss_of(asked(tiny, *layers), shape)
