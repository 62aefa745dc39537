"""What the network is fed: batches of float32 images in [0, 1], a pure function of the step and the seed.

Decoded images stay uint8, in memory or in a memory-mapped file; only one batch at a time is gathered, scaled, changed
and damaged, inside TensorFlow's graph and ahead of the arithmetic that needs it.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ..settings import Training
from .augment import augment
from .noise import corrupt
from .pixels import Pixels

#: Noise draws from another stream of random numbers than any augmentation.
_NOISE_STREAM = 1 << 20
#: What is called in TensorFlow's graph, by its number.
_GATHERS: weakref.WeakValueDictionary[int, Callable[[np.ndarray], Any]] = weakref.WeakValueDictionary()
_NUMBERS = itertools.count()


class Part(NamedTuple):
    """Whose shares of a batch are fed: of `of` shares in all the `own` ones from `first` on, in turn."""

    first: int = 0
    own: int = 1
    of: int = 1

    def number(self, turn: Any) -> Any:
        """Return which share comes at a turn, counted over the shares of all batches."""
        return turn // self.own * self.of + self.first + turn % self.own


WHOLE = Part()


def steps(count: int, batch_size: int) -> int:
    """Return how many batches `count` images make; the last one may be smaller."""
    return -(-count // batch_size)


def shared_steps(count: int, batch_size: int, shares: int = 1) -> int:
    """Return how many batches `count` images make of which no share is empty: a mean of nothing is no number."""
    return min(steps(count, batch_size), count // shares)


def training_batches(
    pixels: Pixels,
    training: Training,
    first_step: int = 0,
    partners: np.ndarray | None = None,
    paired: bool = False,
    part: Part = WHOLE,
) -> tf.data.Dataset:
    """Feed (input, target) pairs without end, every image once an epoch in an order of its own.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels), in memory or memory-mapped, or what is cut like one
    training : Training
        Gives `batch_size`, `seed`, `augment`, `target` and `noise`.
    first_step : int
        Where to begin: the same step always gives the same batch.
    partners : int array of shape (n, m), optional
        Rows that each image may be paired with. The input then holds a batch and, after it, a random partner of each
        of its images; the target is the batch's alone.
    paired : bool
        Whether the last half of the channels is the target of the first half; both are augmented alike.
    part : Part
        Which shares of each batch are fed, where several networks learn together. All are of one size: where a batch
        does not divide, its first images come twice.
    """
    order = _Order(len(pixels), training, part.of)

    def gather(step: np.ndarray) -> np.ndarray:
        rows = order.batch(int(step))
        if partners is None:
            return pixels[rows]
        drawn = np.random.default_rng((training.seed, int(step))).integers(partners.shape[1], size=len(rows))
        return pixels[np.concatenate([rows, partners[rows, drawn]])]

    def prepare(step: Any) -> tuple[Any, Any]:
        clean = given = _scaled(_called(gather, step, tf.uint8), pixels.shape)
        seed = tf.stack([training.seed, tf.cast(step, tf.int32)])
        if training.augment:
            given = augment(clean, training.augment, seed)
        target = clean if training.target == "clean" else given
        if paired:
            given, target = tf.split(given, 2, axis=-1)
        if partners is not None:
            target = target[: tf.shape(target)[0] // 2]
        if training.noise:
            given = corrupt(given, training.noise, tf.random.experimental.stateless_fold_in(seed, _NOISE_STREAM))
        return given, target

    turns = tf.data.Dataset.range(first_step * part.own, np.iinfo(np.int64).max)
    return _feed(turns, lambda turn: prepare(part.number(turn)))


def target_batches(
    pixels: np.ndarray, targets: Any, training: Training, first_step: int, with_image: bool
) -> tf.data.Dataset:
    """Feed (input, outputs, weights) without end, in the order that `training_batches` would have.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels)
    targets : pair of float32 arrays
        `clusters` of shape (n, k) and `weights` of shape (n,).
    training : Training
        Gives `batch_size`, `seed` and `augment`; an augmented input is compared with its own augmented image.
    first_step : int
    with_image : bool
        Whether the outputs hold the image too.
    """
    order = _Order(len(pixels), training)
    width = targets.clusters.shape[1]

    def gather(step: np.ndarray) -> tuple[np.ndarray, ...]:
        rows = order.batch(int(step))
        return pixels[rows], targets.clusters[rows], targets.weights[rows]

    def prepare(step: Any) -> tuple[Any, ...]:
        images, clusters, weights = _called(gather, step, (tf.uint8, tf.float32, tf.float32))
        given = _scaled(images, pixels.shape)
        clusters.set_shape((None, width))
        weights.set_shape((None,))
        if training.augment:
            given = augment(given, training.augment, tf.stack([training.seed, tf.cast(step, tf.int32)]))
        if not with_image:
            return given, {"clusters": clusters}, {"clusters": weights}
        return given, {"clusters": clusters, "image": given}, {"clusters": weights, "image": tf.ones_like(weights)}

    return _feed(tf.data.Dataset.range(first_step, np.iinfo(np.int64).max), prepare)


def labelled_batches(
    pixels: np.ndarray, classes: np.ndarray, training: Training, first_step: int = 0
) -> tf.data.Dataset:
    """Feed (input, class) pairs without end, in the order that `training_batches` would have.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels)
    classes : int32 array of shape (n,)
    training : Training
        Gives `batch_size`, `seed` and `augment`.
    first_step : int
    """
    order = _Order(len(pixels), training)

    def gather(step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = order.batch(int(step))
        return pixels[rows], classes[rows]

    def prepare(step: Any) -> tuple[Any, Any]:
        images, known = _called(gather, step, (tf.uint8, tf.int32))
        given = _scaled(images, pixels.shape)
        known.set_shape((None,))
        if training.augment:
            given = augment(given, training.augment, tf.stack([training.seed, tf.cast(step, tf.int32)]))
        return given, known

    return _feed(tf.data.Dataset.range(first_step, np.iinfo(np.int64).max), prepare)


def clean_batches(
    pixels: Pixels,
    batch_size: int,
    classes: np.ndarray | None = None,
    paired: bool = False,
    part: Part = WHOLE,
) -> tf.data.Dataset:
    """Feed (input, target) pairs once, in order, unchanged; targets are the images, or their `classes`.

    Shapes, `paired` and `part` as for `training_batches` and `labelled_batches`; shares differ by an image at most.
    """
    count = len(pixels)
    batches = shared_steps(count, batch_size, part.of)

    def gather(share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = slice(int(share) * batch_size, (int(share) + 1) * batch_size)
        if part.of > 1:
            shares = batches * part.of
            rows = slice(int(share) * count // shares, (int(share) + 1) * count // shares)
        known = np.empty(0, np.int32) if classes is None else classes[rows]
        return np.ascontiguousarray(pixels[rows]), known

    def prepare(step: Any) -> tuple[Any, Any]:
        images, known = _called(gather, step, (tf.uint8, tf.int32))
        given = _scaled(images, pixels.shape)
        known.set_shape((None,))
        if paired:
            return tuple(tf.split(given, 2, axis=-1))
        return given, given if classes is None else known

    return _feed(tf.data.Dataset.range(batches * part.own), lambda turn: prepare(part.number(turn)))


class _Order:
    """The order of the images, drawn anew for every epoch and worked out once an epoch."""

    def __init__(self, count: int, training: Training, shares: int = 1) -> None:
        self._count, self._size, self._seed = count, training.batch_size, training.seed
        self._shares = shares
        self._epoch, self._rows = -1, np.empty(0, int)

    def batch(self, number: int) -> np.ndarray:
        """Return the rows of a share of a batch, in the file's order: a memory-mapped file is read forwards."""
        step, share = divmod(number, self._shares)
        epoch, place = divmod(step, steps(self._count, self._size))
        if epoch != self._epoch:
            self._rows = np.random.default_rng((self._seed, epoch)).permutation(self._count)
            self._epoch = epoch
        rows = np.sort(self._rows[place * self._size : (place + 1) * self._size])
        return (
            rows
            if self._shares == 1
            else np.resize(rows, -(-len(rows) // self._shares) * self._shares)[share :: self._shares]
        )


def _called(gather: Callable[[np.ndarray], Any], step: Any, types: Any) -> Any:
    """Call NumPy within TensorFlow's graph; `types` are those of what `gather` returns.

    TensorFlow keeps every function that it calls for ever, and so the images that one holds. It is given one that
    finds the other, which lives as long as its dataset.
    """
    number = next(_NUMBERS)
    _GATHERS[number] = gather
    return tf.numpy_function(lambda step: _GATHERS[number](step), [step], types)


def _scaled(images: Any, shape: tuple[int, ...]) -> Any:
    images.set_shape((None, *shape[1:]))
    return tf.cast(images, tf.float32) / 255.0


def _feed(numbers: tf.data.Dataset, prepare: Any) -> tf.data.Dataset:
    options = tf.data.Options()
    # The thread that tunes tf.data sleeps at the end of epochs, and `fit` with it, for up to seconds.
    options.autotune.enabled = False
    return numbers.map(prepare).prefetch(2).with_options(options)
