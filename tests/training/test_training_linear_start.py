import logging

import keras
import numpy as np
import pytest
from sklearn.decomposition import PCA

from autoencoder.metrics.pca import fit_pca_of_images
from autoencoder.model.build import build
from autoencoder.settings import Architecture, Training
from autoencoder.training.linear_start import start_from_pca
from autoencoder.training.local_pca import fit_local_pca
from autoencoder.training.progress import EpochLines
from autoencoder.training.stages import fit_stages, stages_of

UPSAMPLINGS = Architecture.model_fields["upsampling"].annotation.__args__


def network(width=6, path="pca", **knobs):
    keras.utils.set_random_seed(1)
    knobs = {"filters": (4, 8), "dims": (12, width), "output_activation": "linear", **knobs}
    architecture = Architecture(linear_path=path, **knobs)
    return architecture, build(architecture, (8, 8), 1)


def rebuilt(models, pixels):
    return models.autoencoder.predict(pixels.astype(np.float32) / 255, verbose=0)


@pytest.mark.slow
@pytest.mark.parametrize("knobs", [{"upsampling": name} for name in UPSAMPLINGS] + [{"batch_norm": "before"}])
def test_training_starts_from_the_best_linear_autoencoder(digits, knobs):
    _, models = network(**knobs)
    train, valid = digits[:300], digits[300:350]
    start_from_pca(models, train, Training(seed=0))
    pca = PCA(6).fit(train.reshape(300, -1) / 255)
    expected = pca.inverse_transform(pca.transform(valid.reshape(50, -1) / 255)).reshape(50, 8, 8, 1).clip(0, 1)
    np.testing.assert_allclose(rebuilt(models, valid), expected, atol=1e-4)


@pytest.mark.slow
def test_it_learns_what_a_pca_leaves(digits):
    architecture, models = network()
    train, valid = digits[:1000], digits[1000:1200]
    training = Training(loss="mse", train_epochs=5, learning_rate=0.01)
    stages = stages_of(models, train, valid, architecture, training)
    error = [float(np.square(rebuilt(models, valid) - valid / 255).mean())]
    fitted = fit_stages(stages, training, [])
    error.append(float(np.square(rebuilt(models, valid) - valid / 255).mean()))
    assert fitted.best_epoch > 0 and error[1] < 0.95 * error[0]


def test_an_epoch_that_is_behind_the_pca_is_not_called_the_best(digits, caplog):
    architecture, models = network()
    training = Training(loss="mse", train_epochs=2, optimizer="sgd", learning_rate=3.0)
    stages = stages_of(models, digits[:100], digits[100:130], architecture, training)
    with caplog.at_level(logging.INFO, "autoencoder"):
        fit_stages(stages, training, [EpochLines(2)])
    assert "epoch 2/2" in caplog.text and "best" not in caplog.text


def test_it_never_ends_behind_the_pca(digits):
    architecture, models = network()
    training = Training(loss="mse", train_epochs=2, optimizer="sgd", learning_rate=3.0)
    stages = stages_of(models, digits[:100], digits[100:130], architecture, training)
    before = models.autoencoder.get_weights()
    fitted = fit_stages(stages, training, [])
    assert fitted.best_epoch == 0 and len(fitted.history["epoch"]) == 2
    for kept, first in zip(models.autoencoder.get_weights(), before, strict=True):
        np.testing.assert_array_equal(kept, first)


def test_fewer_images_than_numbers_leave_some_to_the_network(digits):
    _, models = network(width=20)
    start_from_pca(models, digits[:5], Training(seed=0))
    np.testing.assert_allclose(rebuilt(models, digits[:5]), digits[:5] / 255, atol=1e-3)
    assert not models.encoder.get_layer("linear_embedding").get_weights()[0][:, 4:].any()


def test_each_image_is_coded_by_the_part_that_leaves_the_least_error(digits):
    _, models = network(width=6, path="local_pca", linear_parts=3)
    train, valid = digits[:600], digits[600:700]
    start_from_pca(models, train, Training(seed=0))
    center, means, components = fit_local_pca(train, 5, 3, seed=0)
    expected, parts = [], []
    for image in valid.reshape(100, -1) / 255 - center:
        options = [mean + own.T @ (own @ (image - mean)) for mean, own in zip(means, components, strict=True)]
        parts.append(int(np.argmin([np.square(image - option).sum() for option in options])))
        expected.append(options[parts[-1]])
    expected = (np.array(expected) + center).reshape(100, 8, 8, 1).clip(0, 1)
    np.testing.assert_allclose(rebuilt(models, valid), expected, atol=1e-3)
    vectors = models.encoder.predict(valid.astype(np.float32) / 255, verbose=0)
    spacing = models.encoder.get_layer("linear_embedding").get_weights()[-1]
    np.testing.assert_array_equal(np.round(vectors[:, -1] / spacing), parts)
    assert len(set(parts)) == 3


@pytest.mark.slow
def test_parts_leave_less_than_one_pca_of_the_same_width(digits):
    error = {}
    for path in ("pca", "local_pca"):
        _, models = network(width=8, path=path, **({"linear_parts": 10} if path == "local_pca" else {}))
        start_from_pca(models, digits[:1500], Training(seed=0))
        error[path] = float(np.square(rebuilt(models, digits[1500:]) - digits[1500:] / 255).mean())
    assert error["local_pca"] < 0.9 * error["pca"]


@pytest.mark.slow
def test_the_network_beside_the_parts_learns_and_the_parts_stay(digits):
    architecture, models = network(path="local_pca", linear_parts=3)
    training = Training(loss="mse", train_epochs=5, learning_rate=0.01)
    valid = digits[1000:1200]
    stages = stages_of(models, digits[:1000], valid, architecture, training)
    ends = models.encoder.get_layer("linear_embedding"), models.decoder.get_layer("linear_pixels")
    before = [weight for end in ends for weight in end.get_weights()]
    first = float(np.square(rebuilt(models, valid) - valid / 255).mean())
    fit_stages(stages, training, [])
    assert float(np.square(rebuilt(models, valid) - valid / 255).mean()) < 0.97 * first
    after = [weight for end in ends for weight in end.get_weights()]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_components_are_orthonormal_and_turned_to_those_of_all_images(digits):
    found = fit_local_pca(digits[:500], 4, 3, seed=1)
    _, axes = fit_pca_of_images(digits[:500], 4)
    for own in found.components:
        np.testing.assert_allclose(own @ own.T, np.eye(4), atol=1e-4)
        # Turned as near as can be: what is left between both is symmetric and has no negative part.
        between = own @ axes.T
        np.testing.assert_allclose(between, between.T, atol=1e-3)
        assert np.linalg.eigvalsh(between).min() > -1e-3


@pytest.mark.parametrize("count", [4, 40])
def test_more_parts_than_images_do_no_harm(digits, count):
    _, models = network(width=6, path="local_pca", linear_parts=50)
    start_from_pca(models, digits[:count], Training(seed=0))
    assert np.isfinite(rebuilt(models, digits[:count])).all()
