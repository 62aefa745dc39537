import logging

import keras
import numpy as np
import pytest

from autoencoder.errors import UsageError
from autoencoder.model.build import build
from autoencoder.settings import Architecture, Settings, Training
from autoencoder.training.feed import training_batches
from autoencoder.training.fit import Stage, fit
from autoencoder.training.range_test import AT_REST, RATES, choose, find_rate, smoothed
from autoencoder.training.stages import fit_stages

FIND = Training(learning_rate="find", train_epochs=1, loss="mse", noise="gaussian", augment=("hflip",))


def model(**knobs):
    keras.utils.set_random_seed(1)
    knobs = {"filters": (4,), "batch_norm": "before", "drop_rate": 0.5, **knobs}
    return build(Architecture(**knobs), (8, 8), 1)


def curve(*parts):
    """A loss at each rate: at rest, with some noise, and then from value to value in a straight line."""
    rest = 1 + 0.01 * (-1.0) ** np.arange(40)
    lines = [np.linspace(one, other, 16) for one, other in zip((1, *parts), parts, strict=False)]
    return np.concatenate([rest, *lines]).tolist()


def test_smoothed_losses_are_averages_without_a_bias_to_nothing():
    assert smoothed([2.0, 2.0, 2.0]) == pytest.approx([2, 2, 2])
    assert smoothed([1.0, 2.0]) == pytest.approx([1, (0.9 * 0.1 * 1 + 0.1 * 2) / 0.19])


def test_the_rate_is_where_the_smoothed_loss_fell_most_steeply():
    losses = curve(0.2, 0.2, 3.0)  # falls from the 40th to the 56th batch, and stays
    assert RATES[42] < choose(losses, smoothed(losses)) < RATES[56]
    steps = [1.0] * 40 + [0.9] * 20 + [0.4] * 20 + [0.35] * 20  # the second one is the largest
    assert RATES[60 - 5] <= choose(steps, smoothed(steps)) <= RATES[60 + 5]


def test_a_second_fall_after_a_rise_is_not_taken():
    losses = curve(0.5, 2.0, 0.01)
    found = choose(losses, smoothed(losses))
    assert found is not None and found < RATES[56]  # where it begins to rise
    assert found == choose(losses[:72], smoothed(losses[:72]))


@pytest.mark.parametrize("losses", [curve(), curve(1.5, 3.0), curve(0.99, 3.0), [1.0] * AT_REST, []])
def test_where_nothing_fell_there_is_no_rate(losses):
    assert choose(losses, smoothed(losses)) is None


@pytest.mark.slow
def test_a_network_is_given_back_as_it_was(digits):
    network = model().autoencoder
    before = [each.numpy() for each in network.variables]
    assert any("seed" in each.path for each in network.variables)  # dropout's random state
    batches = training_batches(digits[:200], FIND)
    first, second = (find_rate(network, "mse", batches, FIND) for _ in range(2))
    assert first == second
    for one, other in zip(before, network.variables, strict=True):
        np.testing.assert_array_equal(one, other.numpy())
    assert 1e-5 < first.rate < 1
    assert len(first.rates) == len(first.losses) == len(first.smoothed)


@pytest.mark.slow
def test_training_goes_on_as_if_the_rate_had_been_given(digits):
    parts = digits[:200], digits[200:240]
    found, given = model(), model()
    fitted = fit(found, *parts, FIND, [])
    rate = fitted.range_test.rate
    assert fitted.history["learning_rate"] == pytest.approx([rate])
    fit(given, *parts, FIND.model_copy(update={"learning_rate": rate}), [])
    for one, other in zip(found.autoencoder.get_weights(), given.autoencoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_it_ends_where_the_loss_is_far_above_its_lowest(digits):
    network = model(output_activation="linear").autoencoder
    found = find_rate(network, "mse", training_batches(digits[:200], FIND), FIND)
    assert len(found.losses) < len(RATES)
    assert max(found.smoothed[:-1]) <= 4 * min(found.smoothed)


@pytest.mark.slow
def test_a_signal_ends_it_without_a_word_on_rates(digits, caplog):
    with caplog.at_level(logging.INFO, "autoencoder"):
        found = find_rate(model().autoencoder, "mse", training_batches(digits[:200], FIND), FIND, lambda: True)
    assert len(found.losses) == 1 and found.rate is None
    assert "rate" not in caplog.text


@pytest.mark.slow
def test_a_network_that_cannot_learn_gets_the_optimizers_own_rate_and_a_warning(digits, caplog):
    network = model(
        batch_norm=None, cnn_kernel_initializer="zeros", kernel_initializer="zeros", output_activation="relu"
    )
    with caplog.at_level(logging.INFO, "autoencoder"):
        fitted = fit(network, digits[:64], digits[64:80], FIND, [])
    assert fitted.range_test.rate is None
    assert fitted.history["learning_rate"] == pytest.approx([0.001])  # Adam's
    assert "no rate from 1e-06 on made the loss fall" in caplog.text


@pytest.mark.slow
def test_of_several_stages_the_first_one_finds_the_rate_for_all(digits, caplog):
    network, parts = model(), (digits[:100], digits[100:120])
    with caplog.at_level(logging.INFO, "autoencoder"):
        fitted = fit_stages([Stage(network, *parts, 1), Stage(network, *parts, 2)], FIND, [])
    rate = fitted.range_test.rate
    assert fitted.history["learning_rate"] == pytest.approx([rate, rate])
    assert caplog.text.count("learning rate: ") == 1
    assert FIND.learning_rate == "find"


@pytest.mark.parametrize("value", ["fin", "-1", 0, True, [1], "inf"])
def test_what_is_no_rate_is_refused(value):
    with pytest.raises(UsageError, match=r"^--learning_rate=.* should be a number greater than 0, or find; or auto$"):
        Settings.from_flags({"learning_rate": value})


def test_the_settings_keep_the_word():
    settings = Settings.from_flags({"learning_rate": "find"})
    assert settings.to_flags()["learning_rate"] == "find"
    assert Settings.from_flags(settings.to_flags()) == settings
    assert Settings.from_flags({"learning_rate": "1e-2"}).training.learning_rate == 0.01
    assert Settings.from_flags({"learning_rate": "auto"}).training.learning_rate is None
