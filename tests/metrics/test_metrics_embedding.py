import numpy as np
import pytest

from autoencoder.metrics.embedding import used_numbers


@pytest.mark.parametrize(
    ("spreads", "used"),
    [([1, 1, 1], 3), ([1, 0, 0], 1), ([1, 0.011, 0.009], 2), ([0, 0, 0], 0), ([1e-9, 1e-9], 2), ([0], 0)],
)
def test_numbers_count_that_vary_by_a_hundredth_of_the_most_varying_one(spreads, used):
    around = np.array([[-1.0], [1.0]]) * np.array(spreads) + 7
    assert used_numbers(around.astype(np.float64)) == used


def test_feature_maps_and_single_images_are_taken():
    vectors = np.random.default_rng(0).normal(size=(5, 2, 3, 4)).astype(np.float32)
    assert used_numbers(vectors) == 24
    assert used_numbers(vectors[:1]) == 0
