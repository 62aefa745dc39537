import keras
import numpy as np
import pytest

from autoencoder.errors import DivergedError
from autoencoder.model.build import build
from autoencoder.progress import judging
from autoencoder.settings import Architecture, Training
from autoencoder.training.fit import fit
from autoencoder.training.guard import Checkpoints

OPTIMIZERS = Training.model_fields["optimizer"].annotation.__args__


@pytest.fixture
def parts(digits):
    return digits[:200], digits[200:260]


def model(seed=1, **knobs):
    keras.utils.set_random_seed(seed)
    return build(Architecture(filters=(8,), **knobs), (8, 8), 1)


def loss_of(models, pixels):
    images = pixels.astype(np.float32) / 255
    return float(np.mean((models.autoencoder.predict(images, verbose=0) - images) ** 2))


def test_the_loss_falls_and_the_best_weights_stay(parts):
    network = model()
    before = loss_of(network, parts[1])
    fitted = fit(network, *parts, Training(train_epochs=4, loss="mse"), [])
    assert fitted.status == "done"
    assert fitted.history["epoch"] == [1, 2, 3, 4]
    assert loss_of(network, parts[1]) < before
    assert loss_of(network, parts[1]) == pytest.approx(min(fitted.history["val_loss"]), rel=1e-4)
    assert fitted.best_epoch == 1 + int(np.argmin(fitted.history["val_loss"]))
    assert fitted.images_per_second * fitted.seconds == pytest.approx(4 * 200)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_bit_for_bit(parts):
    training = Training(train_epochs=2, augment=("hflip", "rotate", "shift"), noise="salt_pepper")
    networks = [model(), model()]
    for network in networks:
        fit(network, *parts, training, [])
    for one, other in zip(networks[0].autoencoder.get_weights(), networks[1].autoencoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_patience_ends_training_and_the_best_weights_come_back(parts):
    network = model()
    fitted = fit(network, *parts, Training(train_epochs=50, patience=2, learning_rate=0.3, loss="mse"), [])
    assert len(fitted.history["epoch"]) == fitted.best_epoch + 2 < 50
    assert loss_of(network, parts[1]) == pytest.approx(min(fitted.history["val_loss"]), rel=1e-4)


def test_who_judges_epochs_is_told_each_and_may_end_the_training(parts):
    network, told = model(), {}
    with judging(lambda epoch, loss: told.setdefault(epoch, loss) is not None and epoch < 3):
        fitted = fit(network, *parts, Training(train_epochs=6, loss="mse"), [])
    assert fitted.status == "pruned" and fitted.history["epoch"] == [1, 2, 3]
    assert list(told) == [1, 2, 3] and list(told.values()) == fitted.history["val_loss"]
    assert loss_of(network, parts[1]) == pytest.approx(min(told.values()), rel=1e-4)


def test_a_loss_that_is_no_number_ends_training_with_the_last_good_weights(parts):
    network = model(output_activation="linear")
    with pytest.raises(DivergedError) as diverged:
        fit(network, *parts, Training(train_epochs=5, optimizer="sgd", learning_rate=1e30, loss="mse"), [])
    assert "in epoch 1" in str(diverged.value)
    assert "smaller --learning_rate" in str(diverged.value)
    assert diverged.value.fitted.status == "diverged"
    assert all(np.isfinite(weights).all() for weights in network.autoencoder.get_weights())


def test_a_signal_ends_training_within_eight_batches(parts):
    asked = []

    def stopping():
        asked.append(True)
        return len(asked) >= 4

    # 10 batches an epoch: they are run five at a time, and the fourth time to ask is the end of the second epoch.
    fitted = fit(model(), *parts, Training(train_epochs=50, batch_size=20), [], stopping)
    assert fitted.status == "interrupted"
    assert len(asked) == 4
    assert fitted.images_per_second * fitted.seconds == pytest.approx(2 * 200)


@pytest.mark.slow
def test_what_is_trained_ends_with_the_epoch_however_many_batches_it_has(parts):
    for size in (7, 20, 32):  # 29 batches, a prime; 10; 7
        fitted = fit(model(), *parts, Training(train_epochs=2, batch_size=size), [])
        assert fitted.images_per_second * fitted.seconds == pytest.approx(2 * 200)


@pytest.mark.slow
def test_bfloat16_learns_as_well_and_leaves_a_float32_network(parts, bfloat16):
    networks = [model(), model()]
    losses = []
    for network, precision in zip(networks, ("float32", "bfloat16"), strict=True):
        fitted = fit(network, *parts, Training(train_epochs=4, precision=precision), [])
        losses.append(fitted.history["val_loss"][-1])
        assert {layer.dtype_policy.name for layer in network.autoencoder._flatten_layers()} == {"float32"}
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


def test_reduce_lr_halves_the_rate_where_nothing_improves(parts):
    fitted = fit(model(), *parts, Training(train_epochs=8, reduce_lr=1, learning_rate=0.3, loss="mse"), [])
    assert min(fitted.history["learning_rate"]) <= 0.15


def test_checkpoints_come_every_period(parts):
    saved = []
    fit(model(), *parts, Training(train_epochs=5), [Checkpoints(2, saved.append)])
    assert saved == [2, 4]


def test_the_cosine_schedule_ends_at_nothing(parts):
    fitted = fit(model(), *parts, Training(train_epochs=4, schedule="cosine", learning_rate=0.01), [])
    rates = fitted.history["learning_rate"]
    assert rates == sorted(rates, reverse=True)
    assert rates[1] == pytest.approx(0.005)
    assert rates[-1] == pytest.approx(0, abs=1e-9)


@pytest.fixture(scope="module")
def led(digits):
    """Where each optimizer leads from one start: the loss, and all weights as one vector."""

    def lead(optimizer):
        network = model()  # with dense layers: on convolutions alone, muon is adamw
        training = Training(train_epochs=1, batch_size=20, optimizer=optimizer, learning_rate=0.2)
        history = fit(network, digits[:60], digits[60:80], training, []).history
        return history["val_loss"], np.concatenate([np.ravel(each) for each in network.autoencoder.get_weights()])

    return {optimizer: lead(optimizer) for optimizer in OPTIMIZERS}


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_trains_in_its_own_way(led, optimizer):
    loss, weights = led[optimizer]
    assert np.isfinite(loss).all()
    apart = {other: np.abs(weights - led[other][1]).max() for other in OPTIMIZERS if other != optimizer}
    assert min(apart.values()) > 1e-4, apart  # the same optimizer comes to the very same weights


def test_with_twice_the_channels_the_network_learns_to_make_the_second_half(parts):
    train, valid = (np.concatenate([part, 255 - part], axis=-1) for part in parts)
    network = model()
    fit(network, train, valid, Training(train_epochs=6, loss="mse"), [])
    images = valid[..., :1].astype(np.float32) / 255
    restored = network.autoencoder.predict(images, verbose=0)
    assert np.mean((restored - (1 - images)) ** 2) < 0.5 * np.mean((restored - images) ** 2)
