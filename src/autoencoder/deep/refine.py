"""The loop of deep clustering: targets from clean images, a round of training on augmented ones, and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import scipy.sparse
import tensorflow as tf

from ..model.apply import fitting_batch
from ..model.build import Models
from ..settings import Training
from ..training.feed import steps, target_batches
from ..training.learning_rate import optimizer

#: A round is a pass over the images, but at least so many batches, DEC's own interval (Xie et al. 2016, section 4.3):
#: after fewer, a new head cannot tell the clusters apart yet.
STEPS_AT_LEAST = 140


class Start(NamedTuple):
    """What a method begins with: trained `models`; `vectors`, float32 (n, d), the embedding of the images; `labels`,
    int (n,), 0 to k - 1, every cluster with members; `graph`, sparse (n, n), which images look alike.
    """

    models: Models
    vectors: np.ndarray
    labels: np.ndarray
    graph: scipy.sparse.csr_array


class Targets(NamedTuple):
    """What the network is trained towards: `clusters` float32 (n, k), rows summing to 1; `weights` float32 (n,)."""

    clusters: np.ndarray
    weights: np.ndarray


class Refinement(NamedTuple):
    """A method of deep clustering.

    `network` maps images to a dictionary of outputs, of which `clusters` is the soft assignment, float32 (n, k);
    an output `image` is trained towards the image itself. `encoder` is what is kept: it shares the network's weights.
    `targets` makes the next targets of the assignments to clean images; its second argument says whether it is the
    first time. `losses` and `loss_weights` are those of the outputs, by name.
    """

    network: keras.Model
    encoder: keras.Model
    targets: Callable[[np.ndarray, bool], Targets]
    losses: dict[str, Any]
    loss_weights: dict[str, float]


class Refined(NamedTuple):
    """What refining gave: `history` by column, a value a round; `sizes`, one tuple of cluster sizes a round;
    `assignments`, float32 (n, k), to clean images; `status`: done, settled, collapsed, diverged or interrupted.
    """

    history: dict[str, list[float]]
    sizes: list[tuple[int, ...]]
    assignments: np.ndarray
    status: str

    @property
    def learned(self) -> bool:
        """Whether a round went well. Where none did, the assignments are those of a head that was not trained."""
        return bool(self.sizes)


def refine(
    method: Refinement,
    pixels: np.ndarray,
    training: Training,
    tolerance: float = 0.001,
    log: Callable[[str], None] = lambda line: None,
    stopping: Callable[[], bool] = lambda: False,
) -> Refined:
    """Train `method.network` in rounds of a pass over the images, `training.train_epochs` at most.

    It ends early when fewer than `tolerance` of the images change their cluster in a round. When a cluster empties,
    the weights of the round before come back and the status says so.

    Parameters
    ----------
    method : Refinement
    pixels : uint8 array of shape (n, height, width, channels)
    training : Training
        Gives `train_epochs`, `batch_size`, `optimizer`, `learning_rate`, `schedule`, `augment` and `seed`.
    tolerance : float
        Share of changed labels.
    log : callable
        Receives a line a round.
    stopping : callable
        Asked after every round; once true, refining ends there.
    """
    network = method.network
    rounds, per_round = training.train_epochs, max(STEPS_AT_LEAST, steps(len(pixels), training.batch_size))
    network.compile(optimizer(training, rounds * per_round), loss=method.losses, loss_weights=method.loss_weights)
    predict = _predictor(network, pixels)
    q, history, status = predict(), _History(), "done"
    sizes: list[tuple[int, ...]] = []
    targets = method.targets(q, True)
    labels = targets.clusters.argmax(axis=1)
    for number in range(rounds):
        before = network.get_weights()
        feed = target_batches(pixels, targets, training, number * per_round, "image" in method.losses)
        logs = network.fit(feed, steps_per_epoch=per_round, verbose=0, shuffle=False).history
        fresh = predict()
        found = fresh.argmax(axis=1)
        counted = np.bincount(found, minlength=q.shape[1])
        wrong = _what_went_wrong(logs["loss"][0], fresh, counted)
        if wrong is not None:
            network.set_weights(before)
            status, why = wrong
            log(f"round {number + 1}: {why}; back to " + ("the round before" if sizes else "where it began"))
            break
        q, changed, labels = fresh, float(np.mean(found != labels)), found
        history.add(number + 1, logs, changed)
        sizes.append(tuple(counted.tolist()))
        loss = logs["loss"][0]
        log(f"round {number + 1}/{rounds}  loss {loss:.5f}  changed {changed:.2%}  smallest {counted.min():,}")
        if stopping():
            status = "interrupted"
            break
        if changed < tolerance:
            status = "settled"
            break
        targets = method.targets(q, False)
    return Refined(history.columns, sizes, q, status)


def _what_went_wrong(loss: float, q: np.ndarray, counted: np.ndarray) -> tuple[str, str] | None:
    """Return the status and the sentence of a round that is to be taken back; None where it went well."""
    if not (np.isfinite(loss) and np.isfinite(q).all()):
        return "diverged", "the loss is not a number"
    return ("collapsed", f"cluster {int(counted.argmin())} emptied") if counted.min() == 0 else None


class _History:
    """Columns of figures, a value a round."""

    def __init__(self) -> None:
        self.columns: dict[str, list[float]] = {"epoch": [], "changed": []}

    def add(self, number: int, logs: dict[str, list[float]], changed: float) -> None:
        values = {"epoch": number, "changed": changed, **{name: values[0] for name, values in logs.items()}}
        for name, value in values.items():
            self.columns.setdefault(name, []).append(value)


def _predictor(network: keras.Model, pixels: np.ndarray) -> Callable[[], np.ndarray]:
    """Return a function that gives the present assignments to all clean images."""

    @tf.function(input_signature=[tf.TensorSpec((None, *pixels.shape[1:]), tf.uint8)], autograph=False)
    def assign(batch: Any) -> Any:
        return network(tf.cast(batch, tf.float32) / 255.0, training=False)["clusters"]

    step = fitting_batch(network)
    starts = range(0, len(pixels), step)
    return lambda: np.concatenate(
        [assign(np.ascontiguousarray(pixels[start : start + step])).numpy() for start in starts]
    )
