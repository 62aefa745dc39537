import logging

import keras
import numpy as np
import pytest
from sklearn.decomposition import PCA

from autoencoder.model.build import build
from autoencoder.settings import Architecture, Training
from autoencoder.training.linear_start import start_from_pca
from autoencoder.training.progress import EpochLines
from autoencoder.training.stages import fit_stages, stages_of

UPSAMPLINGS = Architecture.model_fields["upsampling"].annotation.__args__


def network(width=6, **knobs):
    keras.utils.set_random_seed(1)
    architecture = Architecture(
        filters=(4, 8), dims=(12, width), linear_path="pca", output_activation="linear", **knobs
    )
    return architecture, build(architecture, (8, 8), 1)


def rebuilt(models, pixels):
    return models.autoencoder.predict(pixels.astype(np.float32) / 255, verbose=0)


@pytest.mark.parametrize("knobs", [{"upsampling": name} for name in UPSAMPLINGS] + [{"batch_norm": "before"}])
def test_training_starts_from_the_best_linear_autoencoder(digits, knobs):
    _, models = network(**knobs)
    train, valid = digits[:300], digits[300:350]
    start_from_pca(models, train, seed=0)
    pca = PCA(6).fit(train.reshape(300, -1) / 255)
    expected = pca.inverse_transform(pca.transform(valid.reshape(50, -1) / 255)).reshape(50, 8, 8, 1).clip(0, 1)
    np.testing.assert_allclose(rebuilt(models, valid), expected, atol=1e-4)


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
    start_from_pca(models, digits[:5], seed=0)
    np.testing.assert_allclose(rebuilt(models, digits[:5]), digits[:5] / 255, atol=1e-3)
    assert not models.encoder.get_layer("linear_embedding").get_weights()[0][:, 4:].any()
