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
from ..training.state import AT_ENDS, Keeping, Saving, TrainingState, arrays_of, put_arrays

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


class _Stopped(Exception):
    """A signal came within a round."""


def refine(
    method: Refinement,
    pixels: np.ndarray,
    training: Training,
    tolerance: float = 0.001,
    log: Callable[[str], None] = lambda line: None,
    stopping: Callable[[], bool] = lambda: False,
    keeping: Keeping | None = None,
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
        Asked after every batch; once true, refining ends there, with what the round before left.
    keeping : Keeping, optional
        Where the state at the end of a round is kept, and which one is gone on from.
    """
    network, rounds = method.network, training.train_epochs
    per_round = max(STEPS_AT_LEAST, steps(len(pixels), training.batch_size))
    network.compile(optimizer(training, rounds * per_round), loss=method.losses, loss_weights=method.loss_weights)
    network.optimizer.build(network.trainable_variables)
    keeping = Keeping(lambda state: None) if keeping is None else keeping
    saving, predict = Saving(keeping), _predictor(network, pixels, stopping)
    try:
        course = _Course(predict()) if keeping.begin is None else _Course.gone_on_with(keeping.begin, network)
    except _Stopped:
        return Refined({}, [], np.empty((0, 0), np.float32), "interrupted")
    while course.status is None:
        number = len(course.sizes)
        before = course.state(network)
        targets = method.targets(course.q, number == 0)
        labels = (course.q if number else targets.clusters).argmax(axis=1)
        feed = target_batches(pixels, targets, training, number * per_round, "image" in method.losses)
        try:
            logs = _pass(network, feed, per_round, stopping)
            fresh = predict()
        except _Stopped:
            put_arrays(network, before.arrays)
            saving.save(before)
            course.status = "interrupted"
            break
        found = fresh.argmax(axis=1)
        counted = np.bincount(found, minlength=fresh.shape[1])
        wrong = _what_went_wrong(logs["loss"], fresh, counted)
        if wrong is not None:
            put_arrays(network, before.arrays)
            course.status, why = wrong
            log(f"round {number + 1}: {why}; back to " + ("the round before" if number else "where it began"))
            break
        changed = float(np.mean(found != labels))
        course.add(fresh, counted, {"changed": changed, **logs})
        log(f"round {number + 1}/{rounds}  loss {logs['loss']:.5f}  changed {changed:.2%}  smallest {counted.min():,}")
        course.status = "settled" if changed < tolerance else "done" if number + 1 == rounds else None
        if course.status is not None or saving.due(AT_ENDS):
            saving.save(course.state(network))
    return Refined(course.history, course.sizes, course.q, course.status)


def _pass(network: keras.Model, feed: Any, count: int, stopping: Callable[[], bool]) -> dict[str, float]:
    """Train on so many batches, and return the losses."""

    def stop(batch: int, logs: Any) -> None:
        if stopping():
            raise _Stopped

    watching = keras.callbacks.LambdaCallback(on_train_batch_end=stop)
    logs = network.fit(feed, steps_per_epoch=count, callbacks=[watching], verbose=0, shuffle=False).history
    return {name: values[0] for name, values in logs.items()}


def _what_went_wrong(loss: float, q: np.ndarray, counted: np.ndarray) -> tuple[str, str] | None:
    """Return the status and the sentence of a round that is to be taken back; None where it went well."""
    if not (np.isfinite(loss) and np.isfinite(q).all()):
        return "diverged", "the loss is not a number"
    return ("collapsed", f"cluster {int(counted.argmin())} emptied") if counted.min() == 0 else None


class _Course:
    """What refining has given so far; `status` is none while it goes on."""

    def __init__(self, q: np.ndarray) -> None:
        self.q = q
        self.history: dict[str, list[float]] = {"epoch": [], "changed": []}
        self.sizes: list[tuple[int, ...]] = []
        self.status: str | None = None

    @classmethod
    def gone_on_with(cls, begin: TrainingState, network: keras.Model) -> _Course:
        """Return the course of a state, and put its weights into the network."""
        put_arrays(network, begin.arrays)
        course, known = cls(begin.arrays["best"][0]), begin.record["guard"]
        course.history, course.status = known["history"], known["status"]
        course.sizes = [tuple(each) for each in known["sizes"]]
        return course

    def add(self, q: np.ndarray, counted: np.ndarray, values: dict[str, float]) -> None:
        """Add a round."""
        self.q = q
        self.sizes.append(tuple(counted.tolist()))
        for name, value in {"epoch": len(self.sizes), **values}.items():
            self.history.setdefault(name, []).append(value)

    def state(self, network: keras.Model) -> TrainingState:
        """Return the state between two rounds: a round is its epoch, and the assignments are its best."""
        known = {"history": self.history, "sizes": self.sizes, "status": self.status}
        record = {"epoch": len(self.sizes), "step": 0, "ended": self.status is not None, "guard": known}
        record |= {"plateau": [], "seconds": 0.0, "range_test": None, "done": []}
        return TrainingState(record, {**arrays_of(network), "metrics": [], "best": [self.q]})


def _predictor(network: keras.Model, pixels: np.ndarray, stopping: Callable[[], bool]) -> Callable[[], np.ndarray]:
    """Return a function that gives the present assignments to all clean images, or raises `_Stopped`."""

    @tf.function(input_signature=[tf.TensorSpec((None, *pixels.shape[1:]), tf.uint8)], autograph=False)
    def assign(batch: Any) -> Any:
        return network(tf.cast(batch, tf.float32) / 255.0, training=False)["clusters"]

    step = fitting_batch(network)
    starts = range(0, len(pixels), step)

    def predict() -> np.ndarray:
        found = []
        for start in starts:
            if stopping():
                raise _Stopped
            found.append(assign(np.ascontiguousarray(pixels[start : start + step])).numpy())
        return np.concatenate(found)

    return predict
