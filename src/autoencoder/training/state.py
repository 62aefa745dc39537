"""The state of a training between two batches: all that decides how it goes on, and when it is kept.

What feeds a network is a function of the step alone (feed.py), so a training that goes on from a state ends where the
uninterrupted one ends, bit for bit on one processor.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from ..errors import ModelFileError
from .guard import Guard
from .spread import in_processes

#: Seconds from one state to the next, at the ends of epochs and within long ones, where nobody says how many.
AT_ENDS, WITHIN = 30.0, 300.0
#: No more than this share of the time goes into keeping states.
SHARE = 0.02
_RECORDED = {"epoch", "step", "ended", "guard", "plateau", "seconds", "range_test", "done"}
_ARRAYS = ("variables", "optimizer", "metrics", "best")
_PLATEAU = ("best", "wait", "cooldown_counter")


class TrainingState(NamedTuple):
    """Where a training is.

    Attributes
    ----------
    record : dict
        Plain values: `epoch` epochs are over and `step` batches of the next one, and whether patience has `ended` it;
        what `Guard` and the callback that lowers the rate know; the seconds; what the range test found; what earlier
        stages gave (`done`).
    arrays : dict
        Lists of arrays: the model's `variables` (random states among them), the `optimizer`'s, the `metrics` of the
        epoch so far, the `best` weights.
    """

    record: dict[str, Any]
    arrays: dict[str, list[np.ndarray]]

    @classmethod
    def checked(cls, record: dict[str, Any], arrays: dict[str, list[np.ndarray]]) -> TrainingState:
        """Return a state that was read; a list without arrays is in no file.

        Raises
        ------
        ModelFileError
            If another version kept it, which knew less.
        """
        if missing := sorted(_RECORDED - record.keys()):
            raise ModelFileError(
                f"the kept state says nothing of {', '.join(missing)}: another version kept it; train anew"
            )
        return cls(record, {**{name: [] for name in _ARRAYS}, **arrays})


class Keeping(NamedTuple):
    """Where states go, how often, and which one is gone on from.

    `every` are the seconds from one state to the next, wherever training is; None: `AT_ENDS` and `WITHIN`, and less
    often where that would take more than `SHARE` of the time.
    """

    save: Callable[[TrainingState], None]
    every: float | None = None
    begin: TrainingState | None = None

    def of_stage(self, done: list[Any]) -> Keeping:
        """Return the same within a stage, after what earlier stages gave, as plain values."""

        def save(state: TrainingState) -> None:
            self.save(state._replace(record={**state.record, "done": done}))

        own = self.begin if self.begin is not None and len(self.begin.record["done"]) == len(done) else None
        return self._replace(save=save, begin=own)


class Saving:
    """Saves states no more often than is asked for; `before` are the seconds of training before the one begun with."""

    def __init__(self, keeping: Keeping, before: float = 0.0) -> None:
        self._keeping = keeping
        self._started, self._saved = time.perf_counter() - before, time.perf_counter()
        self._cost = 0.0

    @property
    def seconds(self) -> float:
        """Seconds of training so far, those before the state included."""
        return time.perf_counter() - self._started

    def due(self, auto: float) -> bool:
        """Whether a state is to be saved; `auto` are the seconds from one to the next where nobody says how many."""
        since = time.perf_counter() - self._saved
        if self._keeping.every is not None:
            return since >= self._keeping.every
        return since >= auto and self._cost <= SHARE * self.seconds

    def save(self, state: TrainingState) -> None:
        """Save a state."""
        start = time.perf_counter()
        self._keeping.save(state)
        self._saved = time.perf_counter()
        self._cost += self._saved - start


class StateKeeper(keras.callbacks.Callback):
    """Keeps states while a network learns, and puts back the one to go on from.

    It comes behind the callbacks whose state it keeps, and before those that tell of an epoch.
    """

    def __init__(
        self,
        keeping: Keeping,
        guard: Guard,
        plateau: Sequence[keras.callbacks.Callback],
        facts: dict[str, Any],
        stopping: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._guard, self._plateau, self._facts = guard, plateau, facts
        self._stopping = stopping
        self.begin = keeping.begin
        #: The state at the end of the last epoch that was finished here.
        self.last: TrainingState | None = None
        self._saving = Saving(keeping, 0.0 if self.begin is None else self.begin.record["seconds"])
        self._whole = False

    @property
    def seconds(self) -> float:
        """Seconds of training so far, those before the state included."""
        return self._saving.seconds

    def on_train_begin(self, logs: Any = None) -> None:
        self._guard.begun = 0
        if self.begin is None:
            return
        record, arrays = self.begin
        self._guard.restore(record["guard"], arrays["best"], record["step"])
        for callback, known in zip(self._plateau, record["plateau"], strict=True):
            for name, value in zip(_PLATEAU, known, strict=True):
                setattr(callback, name, value)
        self.model.optimizer.build(self.model.trainable_variables)
        put_arrays(self.model, arrays)
        self.params["best_loss"] = self._guard.best_loss

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self.begin is not None and self.begin.record["step"]:
            _put(self.model.metrics_variables, self.begin.arrays["metrics"])

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self._guard.status == "diverged":
            return
        step = self._guard.begun + batch + 1
        self._whole = step == self._guard.per_epoch
        # Losses so far are known to all processes together, and their clocks differ: within epochs none keeps alone.
        if not self._whole and (self._stopping() or (not in_processes() and self._saving.due(WITHIN))):
            self._saving.save(self._state(self._guard.epoch - 1, step))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self._guard.status == "diverged" or not self._whole:
            return
        due = self._stopping() or self._saving.due(AT_ENDS)
        self.last = self._state(epoch + 1, 0) if due or self._guard.begun else None
        if due and self.last is not None:
            self._saving.save(self.last)

    def _state(self, epoch: int, step: int) -> TrainingState:
        known, best = self._guard.state()
        record = {
            **self._facts,
            "epoch": epoch,
            "step": step,
            "ended": self._guard.status == "done" and bool(self.model.stop_training),
            "guard": known,
            "plateau": [[getattr(each, name) for name in _PLATEAU] for each in self._plateau],
            "seconds": self.seconds,
        }
        arrays = {
            **arrays_of(self.model),
            "metrics": _arrays(self.model.metrics_variables) if step else [],
            "best": best,
        }
        return TrainingState(record, arrays)


def arrays_of(model: keras.Model) -> dict[str, list[np.ndarray]]:
    """Return copies of all that a model and its optimizer hold, by the names of a state."""
    return {"variables": _arrays(model.variables), "optimizer": _arrays(model.optimizer.variables)}


def put_arrays(model: keras.Model, arrays: dict[str, list[np.ndarray]]) -> None:
    """Give a compiled model and its optimizer, which is built, what `arrays_of` returned.

    Raises
    ------
    ModelFileError
        If they are of another network.
    """
    _put(model.variables, arrays["variables"])
    _put(model.optimizer.variables, arrays["optimizer"])


def rounds(first_epoch: int, epochs: int, begin: TrainingState | None) -> list[tuple[int, int, int]]:
    """Return (epoch, step, until) of each call of Keras' fit: the rest of an epoch that was begun, and what follows."""
    if begin is None:
        return [(first_epoch, 0, epochs)]
    epoch, step = begin.record["epoch"], begin.record["step"]
    if begin.record["ended"]:
        return [(epoch, 0, epoch)]
    rest = [(epoch, step, epoch + 1)] if step else []
    epoch += bool(step)
    return [*rest, (epoch, 0, epochs)] if epoch < epochs or not rest else rest


def _arrays(variables: Sequence[Any]) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(each).copy() for each in variables]


def _put(variables: Sequence[Any], arrays: Sequence[np.ndarray]) -> None:
    shapes = [tuple(each.shape) for each in variables], [each.shape for each in arrays]
    if shapes[0] != shapes[1]:
        raise ModelFileError("the kept state is of another network than these settings make; train anew")
    for variable, value in zip(variables, arrays, strict=True):
        variable.assign(value)
