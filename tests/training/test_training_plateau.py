import math
from types import SimpleNamespace

import pytest

from autoencoder.settings import Training
from autoencoder.training.guard import Guard
from autoencoder.training.learning_rate import plateau


class Model:
    """What Keras' callback wants of a model."""

    def __init__(self):
        import keras

        self.optimizer = keras.optimizers.Adam(0.001)


def rate_after(losses):
    (callback,) = plateau(Training(reduce_lr=2))
    model = Model()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
    return float(model.optimizer.learning_rate.numpy())


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-6])
def test_the_rate_stays_while_the_loss_falls_whatever_its_scale(scale):
    assert math.isclose(rate_after([scale * 0.92**epoch for epoch in range(12)]), 0.001, rel_tol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-6])
def test_the_rate_is_halved_where_the_loss_no_longer_falls(scale):
    assert math.isclose(rate_after([scale, scale, scale]), 0.0005, rel_tol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-6])
def test_patience_counts_every_fall_whatever_its_scale(scale):
    falling, level = [scale * 0.999**epoch for epoch in range(9)], scale * 0.999**8
    model = SimpleNamespace(optimizer=Model().optimizer, stop_training=False, get_weights=list)
    guard = Guard(patience=2, stopping=lambda: False)
    guard.set_model(model)
    for epoch, loss in enumerate([*falling, level, level]):
        assert not model.stop_training
        guard.on_epoch_end(epoch, {"loss": loss, "val_loss": loss})
    assert model.stop_training and guard.best_epoch == 9


def test_without_being_asked_for_it_never_is():
    assert plateau(Training()) == []
