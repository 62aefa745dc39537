import keras
import numpy as np
import pytest
import tensorflow as tf

from autoencoder.settings import Training
from autoencoder.training.fused_optimizers import FUSED
from autoencoder.training.learning_rate import optimizer


def steps(chosen, count=7):
    """The path of two variables under gradients that are drawn once."""
    variables = [keras.Variable(np.ones(shape, np.float32)) for shape in ((3, 2), ())]
    rng = np.random.default_rng(5)
    path = []
    for _ in range(count):
        gradients = [tf.constant(rng.standard_normal(each.shape), tf.float32) for each in variables]
        chosen.apply(gradients, variables)
        path.append(np.concatenate([np.ravel(each) for each in variables]))
    return np.array(path)


@pytest.mark.parametrize("name", FUSED)
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_every_step_is_keras_own(name, schedule):
    ours = optimizer(Training(optimizer=name, learning_rate=0.1, schedule=schedule), 10)
    assert type(ours) is FUSED[name]
    keras_own = keras.optimizers.get(name)
    keras_own.learning_rate = ours._learning_rate
    np.testing.assert_allclose(steps(ours), steps(keras_own), rtol=1e-5)


def test_the_first_step_of_adam_by_hand():
    # m = .1 g, v = .001 g^2, both corrected to g and g^2: the step is the rate, whatever the gradient.
    variable = keras.Variable(np.array([1.0, 2.0], np.float32))
    FUSED["adam"](0.25).apply([tf.constant([3.0, -0.5])], [variable])
    np.testing.assert_allclose(variable, [0.75, 2.25], rtol=1e-5)


def test_the_first_step_of_adadelta_by_hand():
    # E[g^2] = .05 g^2, and no step was taken before: it is -sqrt(eps) / sqrt(.05 g^2 + eps) g.
    variable = keras.Variable(np.array([1.0], np.float32))
    FUSED["adadelta"](1.0, epsilon=1e-4).apply([tf.constant([2.0])], [variable])
    np.testing.assert_allclose(variable, [1 - np.sqrt(1e-4 / (0.05 * 4 + 1e-4)) * 2], rtol=1e-5)


def test_an_optimizer_without_a_fused_form_is_keras_own():
    assert type(optimizer(Training(optimizer="sgd"), 10)) is keras.optimizers.SGD
