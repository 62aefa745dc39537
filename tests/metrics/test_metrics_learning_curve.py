import numpy as np
import pytest

from autoencoder.metrics.learning_curve import classify, fit_power_law, forecast


def blobs(count, seed=0):
    """Two classes of which one in six lies beyond the border, about."""
    generator = np.random.default_rng(seed)
    classes = generator.integers(2, size=count)
    return generator.normal(size=(count, 8)) + classes[:, None] * [2.0, *[0] * 7], classes


def test_a_power_law_is_found():
    sizes = np.array([10, 30, 90, 270])
    assert fit_power_law(sizes, 0.9 * sizes**-0.4) == pytest.approx((0.9, 0.4), rel=1e-4)


def test_an_error_that_does_not_fall_is_a_flat_line():
    assert fit_power_law(np.array([10, 100]), np.array([0.1, 0.3])) == pytest.approx((0.2, 0))


def test_no_error_at_all_can_be_fitted():
    a, b = fit_power_law(np.array([10, 20, 40]), np.zeros(3))
    assert a * 100**-b < 0.001


@pytest.mark.slow
def test_the_interval_holds_what_more_labels_bring():
    vectors, classes = blobs(400)
    others, truth = blobs(4000, seed=1)
    found = forecast(vectors[:200], classes[:200], 200)
    then = np.mean(classify(vectors, classes, others) == truth)
    assert found.then_low <= then <= found.then_high
    assert found.now <= found.then and found.gain == pytest.approx(found.then - found.now)
    assert found.labels == 200 and found.more == 200 and len(found.sizes) == len(found.errors) == 5


def test_too_few_labels_say_nothing():
    vectors, classes = blobs(19)
    assert forecast(vectors, classes, 10) is None
    assert forecast(np.ones((30, 2)), ["a"] * 30, 10) is None


def test_one_class_alone_is_what_all_others_are():
    assert classify(np.ones((2, 1)), np.array(["a", "a"]), np.ones((3, 1))).tolist() == ["a"] * 3
