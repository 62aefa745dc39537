import numpy as np
import pytest

from autoencoder.clustering import fit
from autoencoder.clustering.vectors import check_different, check_k, check_vectors
from autoencoder.errors import DataError, UsageError


def test_numbers_of_any_type_become_float32():
    for kind in (np.float16, np.float64, np.uint8, np.int64, bool):
        clean = check_vectors(np.ones((3, 2), kind))
        assert (clean.dtype, clean.shape, clean.flags.c_contiguous) == (np.float32, (3, 2), True)


@pytest.mark.parametrize(
    "given", [np.zeros(3), np.zeros((2, 2, 2)), np.zeros((0, 4)), np.zeros((4, 0)), np.array([["a"]]), np.array([[1j]])]
)
def test_what_is_no_table_of_numbers_is_refused(given):
    with pytest.raises(DataError, match="must be a table of numbers"):
        check_vectors(given)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_the_first_row_that_is_not_finite_is_named(value):
    given = np.zeros((5, 3))
    given[[2, 4], 1] = value
    with pytest.raises(DataError, match=r"row 2 \(c\.png\) .* 1 rows more"):
        check_vectors(given, ["a.png", "b.png", "c.png", "d.png", "e.png"])


def test_large_numbers_of_both_signs_are_taken_as_long_as_their_squares_are_finite():
    check_vectors(np.array([[1e15, 1e15], [1e15, -1e15]]))
    for large in (1.1e15, -3e38):
        with pytest.raises(DataError, match="look whether the training diverged"):
            check_vectors(np.array([[3.0, large], [large, 3.0]]))


def test_differences_whose_squares_vanish_are_none():
    with pytest.raises(DataError, match="all 30 embeddings are identical"):
        check_different(np.random.default_rng(0).normal(size=(30, 5)).astype(np.float32) * np.float32(1e-30), 2)


@pytest.mark.parametrize("k", [None, True, 1, 0, -3, 2.5, 8])
def test_the_number_of_clusters_has_a_range(k):
    with pytest.raises(UsageError, match="from 2 to 7"):
        check_k(k, 7)


def test_a_whole_number_of_any_type_is_a_number_of_clusters():
    assert check_k(np.int64(7), 7) == check_k(7.0, 7) == 7


def test_one_image_is_too_few():
    with pytest.raises(DataError, match="at least 2 images"):
        check_k(2, 1)


def test_copies_are_counted_beyond_the_first_rows():
    vectors = np.zeros((6000, 2), np.float32)
    with pytest.raises(DataError, match="all 6000 embeddings are identical"):
        check_different(vectors, 2)
    vectors[5000:] = 1
    check_different(vectors, 2)
    with pytest.raises(DataError, match="only 2 of 6000 embeddings differ, too few for 3 clusters"):
        check_different(vectors, 3)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True])
def test_a_seed_outside_its_range_is_refused(seed):
    with pytest.raises(UsageError, match="the seed must be a whole number"):
        fit(np.eye(4), "kmeans", 2, seed)
