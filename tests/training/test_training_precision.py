import keras
import numpy as np
import pytest

from autoencoder.model.build import build
from autoencoder.settings import Architecture, Training
from autoencoder.training import precision
from autoencoder.training.precision import Trial, choose_precision, judge


@pytest.fixture
def network():
    keras.utils.set_random_seed(1)
    return build(Architecture(filters=(8,), drop_rate=0.1), (8, 8), 1).autoencoder


@pytest.mark.parametrize(
    ("brief", "chosen"),
    [
        (Trial(0.5, 1.0), "bfloat16"),
        (Trial(0.5, 1.019), "bfloat16"),
        (Trial(0.5, 1.021), "float32"),
        (Trial(0.95, 0.9), "float32"),
        (Trial(0.5, float("nan")), "float32"),
    ],
)
def test_bfloat16_is_taken_where_it_is_faster_and_as_good(brief, chosen):
    choice = judge(Trial(1.0, 1.0), brief)
    assert choice.precision == chosen
    assert f"{1 / brief.seconds:.2f} times" in choice.why


def test_a_short_training_is_not_tried_twice(network, digits):
    choice = choose_precision(network, digits, Training(train_epochs=1))
    assert choice.precision == "float32"
    assert "too few" in choice.why


def test_the_network_is_afterwards_as_it_was(network, digits, monkeypatch):
    monkeypatch.setattr(precision, "WORTH_A_TRIAL", 0.0)
    before = [variable.numpy() for variable in network.variables]
    choice = choose_precision(network, digits, Training())
    assert "of float32's" in choice.why
    for one, other in zip(before, network.variables, strict=False):
        np.testing.assert_array_equal(one, other.numpy())
    assert {layer.dtype_policy.name for layer in network._flatten_layers()} == {"float32"}
