"""A training that goes on from a state ends where the uninterrupted one ends."""

import json

import keras
import numpy as np
import pytest

from autoencoder.errors import ModelFileError
from autoencoder.model.build import build
from autoencoder.settings import Architecture, Training
from autoencoder.training.stages import fit_stages, stages_of
from autoencoder.training.state import SHARE, Keeping, TrainingState

PLAIN = {"train_epochs": 3, "batch_size": 5, "loss": "mse", "precision": "float32"}
CASES = {
    "plain": ({"drop_rate": 0.2, "batch_norm": "before"}, {"augment": ("shift",), "noise": "gaussian:0.1"}),
    "rates": ({}, {"reduce_lr": 1, "learning_rate": 0.3, "optimizer": "sgd", "patience": 2, "train_epochs": 6}),
    "cosine": ({}, {"schedule": "cosine", "learning_rate": "find"}),
    "contrast": ({}, {"contrast": 0.1, "neighbours": 3}),
    "stages": ({"filters": (4, 4)}, {"progressive": (0.5, 1.0), "train_epochs": 4}),
    "linear": ({"linear_path": "pca", "output_activation": "linear"}, {}),
    "views": ({}, {"contrast": 0.1, "contrast_with": "views", "augment": ("shift",)}),
}


@pytest.fixture
def parts(digits):
    return digits[:60], digits[60:80]


def trained(parts, case, keeping=None, stopping=lambda: False, callbacks=()):
    """The weights, the history and all else that a training gives, in the order in which it gives them."""
    knobs, changes = CASES[case]
    training = Training(**{**PLAIN, **changes})
    architecture = Architecture(**{"filters": (4,), "dims": (3,), **knobs})
    keras.utils.set_random_seed(1)
    models = build(architecture, (8, 8), 1)
    stages = stages_of(models, *parts, architecture, training)
    fitted = fit_stages(stages, training, [*callbacks], stopping, keeping)
    return models.autoencoder.get_weights(), fitted


def copied(state):
    """A state as it comes back from a file."""
    record = json.loads(json.dumps(state.record))
    return TrainingState(record, {name: [each.copy() for each in every] for name, every in state.arrays.items()})


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_it_ends_bit_for_bit_where_the_uninterrupted_one_ends(case, parts):
    states = []
    whole, course = trained(parts, case, Keeping(lambda state: states.append(copied(state)), every=0))
    steps = [(len(state.record["done"]), state.record["epoch"], state.record["step"]) for state in states]
    assert steps == sorted(set(steps))
    within = [state for state in states if state.record["step"]]
    for state in (states[0], within[len(within) // 2], states[-2], states[-1]):
        weights, again = trained(parts, case, Keeping(lambda state: None, begin=state))
        assert again.history == course.history
        assert (again.best_epoch, again.status) == (course.best_epoch, "done")
        assert (again.range_test is None) == (course.range_test is None)
        for one, other in zip(weights, whole, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_keeping_states_changes_nothing(parts):
    weights, fitted = trained(parts, "plain")
    kept, course = trained(parts, "plain", Keeping(lambda state: None, every=0))
    assert fitted.history == course.history
    for one, other in zip(weights, kept, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_signal_keeps_the_state_whatever_the_time(parts):
    states, asked = [], []

    def stopping():
        asked.append(1)
        return len(states) > 0 or len(asked) > 3

    _, fitted = trained(parts, "plain", Keeping(states.append), stopping)
    assert fitted.status == "interrupted" and states
    whole, _ = trained(parts, "plain")
    weights, again = trained(parts, "plain", Keeping(lambda state: None, begin=copied(states[-1])))
    assert again.status == "done"
    for one, other in zip(weights, whole, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_states_are_as_far_apart_as_they_should_be(parts, monkeypatch):
    now, states = [0.0], []

    class Clock(keras.callbacks.Callback):
        """An epoch takes 40 seconds, all of them before its first batch."""

        def on_epoch_begin(self, epoch, logs=None):
            now[0] += 40

    def slow(state):
        states.append(state)
        now[0] += 40 / SHARE

    monkeypatch.setattr("autoencoder.training.state.time.perf_counter", lambda: now[0])
    for keeping, expected in (
        (Keeping(states.append), [(1, 0), (2, 0), (3, 0)]),
        (Keeping(states.append, every=70), [(1, 6)]),
        (Keeping(states.append, every=1000), []),
        (Keeping(slow), [(1, 0)]),  # it takes more than its share of the time
        (Keeping(slow, every=30), [(0, 6), (1, 6), (2, 6)]),
    ):
        states.clear()
        trained(parts, "plain", keeping, callbacks=[Clock()])
        assert [(state.record["epoch"], state.record["step"]) for state in states] == expected


@pytest.mark.slow
def test_a_state_of_another_network_is_refused(parts):
    states = []
    trained(parts, "plain", Keeping(states.append, every=0))
    wrong = copied(states[0])
    wrong.arrays["variables"][0] = wrong.arrays["variables"][0][..., :1]
    with pytest.raises(ModelFileError, match="another network"):
        trained(parts, "plain", Keeping(lambda state: None, begin=wrong))


def test_a_state_of_another_version_says_what_it_lacks():
    with pytest.raises(ModelFileError, match="says nothing of done, ended"):
        TrainingState.checked(dict.fromkeys(("epoch", "step", "guard", "plateau", "seconds", "range_test")), {})
