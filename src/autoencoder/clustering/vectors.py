"""What may be clustered: checks of vectors and of the number of clusters, made once at the edge."""

from collections.abc import Sequence

import numpy as np

from ..errors import DataError, UsageError

_FIRST_LOOK = 4096
# Squares of larger numbers, summed over a wide embedding, are infinite in float32.
_LARGEST = 1e15
_SMALLEST = 1e-15


def check_vectors(vectors: np.ndarray, paths: Sequence[str] | None = None) -> np.ndarray:
    """Return the vectors as a contiguous float32 array whose every number is finite.

    Parameters
    ----------
    vectors : array of shape (n, d), n and d at least 1
    paths : sequence of str, optional
        Names of the rows, so that an error can name the image.

    Returns
    -------
    float32 array of shape (n, d)

    Raises
    ------
    DataError
        If the array is not a table of numbers, is empty, or holds a number that is not finite or beyond 1e15.
    """
    given = np.asarray(vectors)
    if given.ndim != 2 or 0 in given.shape or given.dtype.kind not in "fiub":
        raise DataError(
            f"embeddings must be a table of numbers of shape (images, width), both at least 1, "
            f"but have shape {given.shape} and type {given.dtype}"
        )
    with np.errstate(over="ignore"):
        clean = np.ascontiguousarray(given, dtype=np.float32)
    # The sum of a row is finite only where all of its numbers are, and needs no table of booleans.
    suspects = np.flatnonzero(~np.isfinite(clean.sum(axis=1, dtype=np.float64)))
    if len(suspects):
        row = int(suspects[0])
        name = f" ({paths[row]})" if paths is not None else ""
        raise DataError(
            f"the embedding of row {row}{name} holds NaN or infinity, and so do {len(suspects) - 1} rows more: "
            "embeddings must be finite; look whether the training diverged"
        )
    largest = max(float(clean.max()), -float(clean.min()))
    if largest > _LARGEST:
        raise DataError(
            f"the embeddings reach {largest:.3g}; distances can be told up to {_LARGEST:.0e}: "
            "look whether the training diverged"
        )
    return clean


def check_k(k: int | None, count: int) -> int:
    """Return the number of clusters if it fits the number of images.

    Raises
    ------
    UsageError
        If `k` is not a whole number from 2 to `count`.
    DataError
        If there are fewer than two images.
    """
    check_count(count)
    if k is None or isinstance(k, bool) or int(k) != k or not 2 <= k <= count:
        raise UsageError(f"k must be a whole number from 2 to {count}, the number of images, but is {k}")
    return int(k)


def check_count(count: int) -> None:
    """Refuse fewer than two images.

    Raises
    ------
    DataError
        If `count` is below 2.
    """
    if count < 2:
        raise DataError(f"clustering needs at least 2 images, but there is {count}")


def count_different(vectors: np.ndarray, enough: int) -> int:
    """Count the vectors that differ, all of them only where a first look finds fewer than `enough`.

    Raises
    ------
    DataError
        If all vectors are identical, or differ by so little that squares of the differences vanish.
    """
    different = len(np.unique(vectors[:_FIRST_LOOK], axis=0))
    if different < enough and len(vectors) > _FIRST_LOOK:
        different = len(np.unique(vectors, axis=0))
    if different == 1 or np.ptp(vectors, axis=0).max() < _SMALLEST:
        raise DataError(
            f"all {len(vectors)} embeddings are identical, so there is nothing to sort: "
            "look whether the images differ and the encoder was trained"
        )
    return different


def check_different(vectors: np.ndarray, k: int) -> None:
    """Refuse vectors of which fewer than `k` differ.

    Raises
    ------
    DataError
        If all vectors are identical, or fewer than `k` are different.
    """
    different = count_different(vectors, k)
    if different < k:
        raise DataError(f"only {different} of {len(vectors)} embeddings differ, too few for {k} clusters: lower k")
