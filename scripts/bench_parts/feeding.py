"""What feeding costs from the second epoch on: our fit of a folder's images, against Keras' fit of an array in memory.

`one batch` is our fit with the same batch again and again: the arithmetic alone, since nothing has to be fetched. What
our fit takes longer than that with a folder's images is the time that the arithmetic waits for its input.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np

from .measure import Figures, Part, Setup, in_turns, new_folder, sampled
from .page import at_least, table

BATCH = 32
AUGMENT = ("hflip", "shift", "rotate")
ONE, OWN, AUGMENTED = (
    "our fit, one batch again and again",
    "our fit, files",
    f"our fit, files, augment={','.join(AUGMENT)}",
)
NUMPY, TENSOR = "Keras' fit, NumPy array", "Keras' fit, tf.data without autotune"


def measure(setup: Setup) -> Figures:
    """Return images per second of each way of feeding, and of the feed alone."""
    from autoencoder.tensorflow_start import start_tensorflow

    start_tensorflow()
    from autoencoder.data.load import load
    from autoencoder.data.scan import scan
    from autoencoder.settings import Training

    per_class, epochs = (10, 3) if setup.quick else (1200, 3)
    listing = scan(sampled(setup.mnist / "train", new_folder(setup.place) / "images", per_class))
    pixels = load(listing, (28, 28), "grayscale").pixels
    plain = Training(batch_size=BATCH, train_epochs=epochs)
    augmented = plain.model_copy(update={"augment": AUGMENT})
    floats = pixels.astype(np.float32) / 255
    ways: dict[str, Callable[[], float]] = {
        ONE: lambda: _fit_of_one_batch(pixels, plain),
        TENSOR: lambda: _keras_fit(_gathered(floats), epochs),
        NUMPY: lambda: _keras_fit(floats, epochs),
        OWN: lambda: _own_fit(pixels, plain),
        AUGMENTED: lambda: _own_fit(pixels, augmented),
    }
    taken = {way: statistics.median(each) for way, each in in_turns(ways, setup.rounds).items()}
    alone = {OWN: _feed_alone(pixels, plain), AUGMENTED: _feed_alone(pixels, augmented)}
    return {
        "images": len(pixels),
        "fit": {way: len(pixels) / each for way, each in taken.items()},
        "feed": {way: len(pixels) / each for way, each in alone.items()},
    }


def _clock(ends: list[float]) -> Any:
    """Return a callback that notes how long each epoch's batches took, without the validation after them."""
    import keras

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self._began, self._tested = time.perf_counter(), False

        def on_test_begin(self, logs: Any = None) -> None:
            ends.append(time.perf_counter() - self._began)
            self._tested = True

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if not self._tested:
                ends.append(time.perf_counter() - self._began)

    return Clock()


def _models() -> Any:
    import keras

    from autoencoder.model.build import build
    from autoencoder.settings import Architecture

    keras.utils.set_random_seed(1)
    return build(Architecture(), (28, 28), 1)


def _own_fit(pixels: np.ndarray, training: Any) -> float:
    from autoencoder.training.fit import fit

    ends: list[float] = []
    fit(_models(), pixels, pixels[:256], training, [_clock(ends)])
    return statistics.median(ends[1:])


def _fit_of_one_batch(pixels: np.ndarray, training: Any) -> float:
    import tensorflow as tf

    batch = tf.constant(pixels[:BATCH].astype(np.float32) / 255)
    repeated = _still(tf.data.Dataset.from_tensors((batch, batch)).repeat())
    with patch("autoencoder.training.fit.training_batches", lambda *given, **named: repeated):
        return _own_fit(pixels, training)


def _keras_fit(given: Any, epochs: int) -> float:
    model = _models().autoencoder
    model.compile(optimizer="adam", loss="binary_crossentropy")
    ends: list[float] = []
    options = (
        {"x": given, "y": given, "batch_size": BATCH}
        if isinstance(given, np.ndarray)
        else {"x": given, "shuffle": False}
    )
    model.fit(**options, epochs=epochs, callbacks=[_clock(ends)], verbose=0)
    return statistics.median(ends[1:])


def _gathered(floats: np.ndarray) -> Any:
    """Shuffle and batch float32 images that lie in a tensor: the fastest feed of tf.data's own."""
    import tensorflow as tf

    images = tf.constant(floats)
    rows = tf.data.Dataset.range(len(floats)).shuffle(len(floats), seed=1).batch(BATCH)
    return _still(rows.map(lambda chosen: (tf.gather(images, chosen),) * 2).prefetch(2))


def _still(batches: Any) -> Any:
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)


def _feed_alone(pixels: np.ndarray, training: Any) -> float:
    """Return the seconds of drawing an epoch's batches while nothing is trained on them."""
    from autoencoder.training.feed import steps, training_batches

    per_epoch = steps(len(pixels), BATCH)
    batches = iter(training_batches(pixels, training))
    next(batches)
    began = time.perf_counter()
    for _ in range(per_epoch):
        next(batches)
    return time.perf_counter() - began


def page(figures: Figures) -> list[str]:
    """Return the table, and the bars."""
    fit, feed = figures["fit"], figures["feed"]
    rows = [
        [way, rate, 1000 * BATCH / rate, f"{fit[ONE] / rate - 1:+.1%}", feed.get(way, "")] for way, rate in fit.items()
    ]
    head = ["way", "images/s", "ms a step", "longer than the arithmetic alone", "images/s of the feed alone"]
    best = max(fit[NUMPY], fit[TENSOR])
    return [
        f"{figures['images']:,} images of MNIST, batch {BATCH}, epochs from the second on.\n",
        *table(head, rows),
        at_least("our fit against the faster fit on an array", fit[OWN] / best, 0.97),
        at_least("the same with --augment", fit[AUGMENTED] / best, 0.85),
        at_least("the feed alone against the arithmetic", feed[OWN] / fit[ONE], 2.0),
        "",
    ]


PART = Part("Feeding", 5, measure, page)
