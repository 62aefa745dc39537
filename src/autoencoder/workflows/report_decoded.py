"""What a decoder shows of a network: how well it rebuilds images, and what lies between and along embeddings."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..model.encoder import Encoder
from ..page.summary import Grouping, Rebuilt, Sweep, Walk
from ..progress import stage
from ..sampling import evenly_spread

#: Images that a walk or a sweep is decoded at, the first and the last included.
STEPS = 9
#: So many of the worst reconstructions are shown, and so many numbers of the embedding.
WORST, SWEEPS = 24, 16
#: A sweep goes from one of these quantiles of a number to the other.
QUANTILES = (0.02, 0.98)
_AT_ONCE = 256
_SAMPLE = 2_000


class Decoder(NamedTuple):
    """`decode` maps float32 vectors of shape (n, width) to images of shape (n, height, width, channels) in [0, 1]."""

    decode: Callable[[np.ndarray], np.ndarray]


def decoder_of(model: Any, encoder: Encoder) -> Decoder | None:
    """Return the decoder that a Keras model is; None where it does not belong to the encoder.

    Parameters
    ----------
    model : keras.Model
    encoder : Encoder
    """
    from ..model.apply import applied

    taken, given = tuple(model.input.shape[1:]), tuple(model.output.shape[1:])
    if None in taken or math.prod(taken) != encoder.width or given != (*encoder.image_shape, encoder.channels):
        return None
    restore = applied(model)
    return Decoder(lambda vectors: restore(vectors.reshape(-1, *taken)).clip(0, 1))


def errors_of(decoder: Decoder, vectors: np.ndarray, pixels: Any) -> np.ndarray:
    """Return the mean squared error of each reconstruction, clipped to [0, 1] as it is shown; float32 of shape (n,)."""
    errors = np.empty(len(vectors), np.float32)
    with stage("rebuilding the images", len(vectors)) as advance:
        for start in range(0, len(vectors), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            originals = pixels[rows].astype(np.float32) / np.float32(255)
            difference = (decoder.decode(vectors[rows]) - originals).reshape(len(originals), -1)
            errors[rows] = np.square(difference).mean(axis=1)
            advance(len(originals))
    return errors


def worst_of(decoder: Decoder, vectors: np.ndarray, pixels: Any, errors: np.ndarray) -> list[Rebuilt]:
    """Return the images that are rebuilt worst, the worst first."""
    rows = np.argsort(-errors, kind="stable")[:WORST]
    rebuilt = _bytes(decoder, vectors[rows])
    return [
        Rebuilt(int(row), float(errors[row]), np.asarray(pixels[int(row)]), image)
        for row, image in zip(rows, rebuilt, strict=True)
    ]


def walk_of(decoder: Decoder, vectors: np.ndarray, clusterings: Sequence[Grouping]) -> Walk | None:
    """Decode the straight line between two images: the most central ones of the two largest clusters of the newest
    clustering, or else two that lie far apart. None where there are no two different ones."""
    ends = _central(clusterings[0]) if clusterings else None
    start, end = ends or _far_apart(vectors)
    if (vectors[start] == vectors[end]).all():
        return None
    share = np.linspace(0, 1, STEPS, dtype=np.float32)[:, None]
    return Walk(start, end, _bytes(decoder, (1 - share) * vectors[start] + share * vectors[end]))


def sweeps_of(decoder: Decoder, vectors: np.ndarray, base: int) -> list[Sweep]:
    """Decode the image in row `base` while one number of its embedding goes from low to high; of each number, or of
    those that vary most where there are more than sixteen."""
    spread = vectors.std(axis=0, dtype=np.float64)
    chosen = np.sort(np.argsort(-spread, kind="stable")[:SWEEPS])
    sweeps = []
    for number in chosen[spread[chosen] > 0].tolist():
        low, high = np.quantile(vectors[:, number], QUANTILES).tolist()
        moved = np.repeat(vectors[base][None], STEPS, axis=0)
        moved[:, number] = np.linspace(low, high, STEPS)
        sweeps.append(Sweep(number, low, high, _bytes(decoder, moved)))
    return sweeps


def _central(found: Grouping) -> tuple[int, int] | None:
    """Return the rows that lie nearest to the centres of the two largest clusters; None where one has no image."""
    rows = []
    for cluster in (0, 1):
        members = np.flatnonzero(found.labels == cluster)
        if not len(members) or found.distances is None:
            return None
        rows.append(int(members[found.distances[members].argmin()]))
    return rows[0], rows[1]


def _far_apart(vectors: np.ndarray) -> tuple[int, int]:
    """Return the row of a sample that lies furthest from the mean, and the one furthest from that."""
    rows = evenly_spread(len(vectors), _SAMPLE)
    sample = vectors[rows]
    start = np.linalg.norm(sample - sample.mean(axis=0), axis=1).argmax()
    end = np.linalg.norm(sample - sample[start], axis=1).argmax()
    return int(rows[start]), int(rows[end])


def _bytes(decoder: Decoder, vectors: np.ndarray) -> np.ndarray:
    return np.round(255 * decoder.decode(vectors.astype(np.float32))).astype(np.uint8)
