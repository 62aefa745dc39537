"""Near-duplicates among many images: pairs by pixels and by embedding, the kind of each, and the groups they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..metrics.likeness import align, contents, correlations, grays, hash_distances, perceptual_hashes
from ..progress import stage
from .nearest import blocks, neighbours

#: The kinds of duplicates: the same pixels; rescaled, recompressed, brightened or darkened; cropped or shifted.
KINDS = ("same", "near", "moved")
#: So many of the nearest by pixels, and by the embedding, are looked at more closely.
CANDIDATES = 5
#: An image's own measure of "far": its distance to so many-th neighbour. Where all look alike, as digits do, near is
#: nearer.
FAR = 15
# The thresholds, chosen on CIFAR-10's test images: docs/decisions/duplicates.md.
_NEAR, _NEAR_SHARE = 0.92, 0.5
_WORTH, _WORTH_SHARE = 0.7, 0.8
_MOVED, _STILL, _FARTHEST = 0.965, 0.0375, 0.17


@dataclass(frozen=True, eq=False)
class Looks:
    """What images look like: their small pixels, and their embeddings.

    Attributes
    ----------
    pixels : uint8 array of shape (n, height, width, channels)
        32 pixels a side are enough.
    vectors : float32 array of shape (n, d)
    """

    pixels: np.ndarray
    vectors: np.ndarray

    def take(self, rows: np.ndarray) -> Looks:
        """Return some of them."""
        return Looks(self.pixels[rows], self.vectors[rows])


class Pairs(NamedTuple):
    """Pairs of images that are duplicates.

    Attributes
    ----------
    first, second : int arrays of shape (m,)
        Rows; within one set of images the first is the lower.
    kinds : int array of shape (m,)
        Numbers of `KINDS`.
    distances : float array of shape (m,)
        Of the embeddings.
    hashes : int array of shape (m,)
        Bits of the perceptual hashes that differ, 0 to 64.
    likeness : float array of shape (m,)
        Correlation of the pixels, -1 to 1; of moved ones where they lie on each other.
    """

    first: np.ndarray
    second: np.ndarray
    kinds: np.ndarray
    distances: np.ndarray
    hashes: np.ndarray
    likeness: np.ndarray


def duplicates(images: Looks) -> Pairs:
    """Find the pairs of images that are duplicates of each other.

    Parameters
    ----------
    images : Looks

    Returns
    -------
    Pairs
        Sorted. Of images of the same pixels each is paired with the first of them alone.
    """
    first = _first_of_same(images.pixels)
    alone = np.flatnonzero(first == np.arange(len(first)))
    copies = np.flatnonzero(first != np.arange(len(first)))
    own = images.take(alone)
    found = _candidates(own, own, within=True)
    judged = _judged(own, own, *found)
    same = _same(images, images, first[copies], copies)
    return _joined(judged._replace(first=alone[judged.first], second=alone[judged.second]), same)


def duplicates_of(new: Looks, known: Looks) -> Pairs:
    """Find which new images are known already: pairs of a known image, the first, and a new one.

    Parameters
    ----------
    new, known : Looks
        Of one shape.

    Returns
    -------
    Pairs
        Sorted. A new image whose pixels are known is paired with the first such image alone.
    """
    first = _first_of_same(np.concatenate([known.pixels, new.pixels]))
    known_alone = np.flatnonzero(first[: len(known.pixels)] == np.arange(len(known.pixels)))
    at = first[len(known.pixels) :]
    there = np.flatnonzero(at < len(known.pixels))
    others = np.flatnonzero(at >= len(known.pixels))
    one, other = known.take(known_alone), new.take(others)
    judged = _judged(one, other, *_candidates(one, other, within=False))
    same = _same(known, new, at[there], there)
    return _joined(judged._replace(first=known_alone[judged.first], second=others[judged.second]), same)


def groups(pairs: np.ndarray, count: int) -> np.ndarray:
    """Put together what pairs join, directly or over others.

    Parameters
    ----------
    pairs : int array of shape (m, 2)
        Rows, from 0 to count - 1.
    count : int
        Of rows in all.

    Returns
    -------
    int32 array of shape (count,)
        The number of each row's group, from 0 on in the order of their first rows; -1 for a row that is in no pair.

    Examples
    --------
    >>> groups(np.array([[1, 4], [3, 2], [4, 5]]), 7)
    array([-1,  0,  1,  1,  0,  0, -1], dtype=int32)
    """
    import scipy.sparse
    from scipy.sparse.csgraph import connected_components

    first, second = np.asarray(pairs, np.int64).reshape(-1, 2).T
    links = scipy.sparse.coo_array((np.ones(len(first), np.int8), (first, second)), shape=(count, count))
    joined = connected_components(links, directed=False)[1]
    paired = np.zeros(count, bool)
    paired[first] = paired[second] = True
    found = np.full(count, -1, np.int32)
    _, starts, inverse = np.unique(joined[paired], return_index=True, return_inverse=True)
    found[paired] = np.argsort(np.argsort(starts))[inverse]
    return found


def _first_of_same(pixels: np.ndarray) -> np.ndarray:
    """Return, for each image, the first row that has the same pixels."""
    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(image.tobytes(), row) for row, image in enumerate(pixels)], np.int64)


def _candidates(known: Looks, images: Looks, *, within: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of a known image and another, as rows of shape (m, 2), that are near by pixels or by embedding.

    Beside each pair stands how far it is by pixels, as a share of what is far for these images.
    """
    if not len(known.pixels) or not len(images.pixels):
        return np.empty((0, 2), np.int64), np.empty(0)
    described, asked = (contents(each.pixels) for each in (known, images))
    distances, rows = neighbours(described, asked, FAR + within)
    far = distances[:, -1]
    near = neighbours(known.vectors, images.vectors, CANDIDATES + within)[1]
    found = np.concatenate([rows[:, : CANDIDATES + within], near], axis=1)
    pairs = np.column_stack([found.ravel(), np.arange(len(found)).repeat(found.shape[1])])
    if within:
        pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    pairs = np.unique(pairs, axis=0)
    measure = far[pairs[:, 1]]
    if within:
        measure = np.minimum(measure, far[pairs[:, 0]])
    if len(known.pixels) <= FAR:  # too few to say what is far
        return pairs, np.zeros(len(pairs))
    apart = np.concatenate([np.empty(0), *_apart(described, asked, pairs)])
    return pairs, np.divide(apart, measure, out=np.full(len(pairs), np.inf), where=measure > 0)


def _apart(first: np.ndarray, second: np.ndarray, pairs: np.ndarray) -> list[np.ndarray]:
    cut = (pairs[rows] for rows in blocks(len(pairs), first.shape[1]))
    return [np.linalg.norm(first[part[:, 0]] - second[part[:, 1]], axis=1) for part in cut]


def _judged(known: Looks, images: Looks, pairs: np.ndarray, shares: np.ndarray) -> Pairs:
    """Say which pairs are duplicates, and of what kind."""
    alike = [
        correlations(known.pixels[part[:, 0]], images.pixels[part[:, 1]])
        for part in (pairs[rows] for rows in blocks(len(pairs), int(np.prod(known.pixels.shape[1:]))))
    ]
    likeness = np.concatenate([np.empty(0, np.float32), *alike])
    kinds = np.full(len(pairs), -1)
    worth = np.flatnonzero((likeness >= _WORTH) & (shares <= _WORTH_SHARE))
    with stage(f"comparing {len(worth):,} pairs of images", len(worth)) as advance:
        for row in worth:
            one, other = known.pixels[pairs[row, 0]], images.pixels[pairs[row, 1]]
            found = align(grays(one[None])[0], grays(other[None])[0])
            if found.correlation >= _MOVED and _STILL < found.moved <= _FARTHEST:
                kinds[row], likeness[row] = 2, found.correlation
            elif likeness[row] >= _NEAR and shares[row] <= _NEAR_SHARE:
                kinds[row] = 1
            advance(1)
    kept = kinds >= 0
    return _pairs(known, images, pairs[kept], kinds[kept], likeness[kept])


def _same(known: Looks, images: Looks, first: np.ndarray, second: np.ndarray) -> Pairs:
    pairs = np.column_stack([first, second])
    return _pairs(known, images, pairs, np.zeros(len(pairs), int), np.ones(len(pairs), np.float32))


def _pairs(known: Looks, images: Looks, pairs: np.ndarray, kinds: np.ndarray, likeness: np.ndarray) -> Pairs:
    first, second = pairs.T
    distances = np.linalg.norm(known.vectors[first] - images.vectors[second], axis=1)
    hashes = [perceptual_hashes(each) for each in (known.pixels[first], images.pixels[second])]
    return Pairs(first, second, kinds, distances, hash_distances(*hashes), likeness)


def _joined(*parts: Pairs) -> Pairs:
    whole = Pairs(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    order = np.lexsort((whole.second, whole.first))
    return Pairs(*(each[order] for each in whole))
