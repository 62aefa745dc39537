import numpy as np
import pytest
import tensorflow as tf

from autoencoder.losses.feature import feature_distance


def maps(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_hand_computed_values():
    one = np.array([[[[3, 4], [1, 0]]]], np.float32)  # two places of one image, two channels
    other = np.array([[[[6, 8], [0, 2]]]], np.float32)
    # The first place has the same direction; at the second (1, 0) and (0, 1) are apart by a square of 2.
    assert feature_distance([one], [other]).numpy() == pytest.approx([1.0], abs=1e-5)
    # A vector of features as dense layers give it, and layers that count alike whatever their scale is.
    assert feature_distance([one[0, 0]], [other[0, 0]]).numpy() == pytest.approx([0, 2], abs=1e-5)
    assert feature_distance([one, 1000 * one], [other, one]).numpy() == pytest.approx([1 / 2 + 0], abs=1e-4)


def test_it_is_nothing_for_equal_features_and_the_same_for_any_length():
    one, other = maps(3, 4, 5, 6), maps(3, 4, 5, 6, seed=1)
    assert feature_distance([one], [one]).numpy() == pytest.approx(np.zeros(3), abs=1e-7)
    assert feature_distance([one], [-one]).numpy() == pytest.approx(np.full(3, 4.0), rel=1e-4)
    scaled = feature_distance([10 * one], [20 * other]).numpy()
    np.testing.assert_allclose(feature_distance([one], [other]).numpy(), scaled, rtol=1e-4)


def test_features_of_nothing_are_nothing_and_have_a_finite_gradient():
    zeros = tf.Variable(np.zeros((1, 2, 2, 3), np.float32))
    with tf.GradientTape() as tape:
        distance = feature_distance([maps(1, 2, 2, 3)], [zeros])
    assert distance.numpy() == pytest.approx([1.0], abs=1e-3)
    assert np.isfinite(tape.gradient(distance, zeros).numpy()).all()
    assert feature_distance([zeros], [zeros]).numpy() == [0]
