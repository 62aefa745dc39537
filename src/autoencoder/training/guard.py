"""What watches over a training: checkpoints, the best weights, the history, and the reasons to end."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import keras

from ..progress import goes_on
from .feed import steps
from .learning_rate import current_rate


class Checkpoints(keras.callbacks.Callback):
    """Calls `save` with the epoch's number every `period` epochs."""

    def __init__(self, period: int, save: Callable[[int], None]) -> None:
        super().__init__()
        self._period, self._save = period, save

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if (epoch + 1) % self._period == 0:
            self._save(epoch + 1)


class Guard(keras.callbacks.Callback):
    """Keeps the best weights, records the history, and ends training for patience, a signal or a loss gone wrong."""

    def __init__(
        self,
        patience: int | None,
        stopping: Callable[[], bool],
        validated: bool = True,
        first_epoch: int = 0,
        best_epoch: int = 0,
        *,
        per_epoch: int = 1,
        keep_last: bool = False,
    ) -> None:
        super().__init__()
        self._patience, self._stopping, self._validated = patience, stopping, validated
        self.best_loss = math.inf
        self._best_weights: list[Any] = []
        self.per_epoch = per_epoch
        #: Batches of the first epoch that were over before.
        self.begun = 0
        self._batches = 0
        columns = ("epoch", "loss", *(["val_loss"] if self._validated else []), "learning_rate")
        self.history: dict[str, list[float]] = {name: [] for name in columns}
        self.epoch, self.best_epoch, self.status = first_epoch, best_epoch, "done"
        self._keep_last = keep_last
        # Patience begins with the stage, whichever epoch was the best before.
        self._first_epoch = self._waiting_since = first_epoch

    def begin_with(self, loss: float) -> None:
        """Let the weights to begin with, of a validation loss, count as those of an epoch."""
        self.best_loss = loss

    def state(self) -> tuple[dict[str, Any], list[Any]]:
        """Return what is known between two batches: plain values, and the best weights."""
        known = {
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
            "waiting_since": self._waiting_since,
            "batches": self._batches,
            "history": {name: list(values) for name, values in self.history.items()},
        }
        return known, list(self._best_weights)

    def restore(self, known: Mapping[str, Any], best: list[Any], begun: int) -> None:
        """Take over what `state` returned, when `begun` batches of the first epoch are over."""
        self.best_loss, self.best_epoch = known["best_loss"], known["best_epoch"]
        self._waiting_since, self._batches = known["waiting_since"], known["batches"]
        self.history = {name: list(values) for name, values in known["history"].items()}
        self._best_weights, self.begun = best, begun

    def images(self, count: int, batch_size: int) -> int:
        """Return how many images were trained on, of `count` an epoch."""
        epochs, batches = divmod(self._batches, steps(count, batch_size))
        return epochs * count + min(batches * batch_size, count)

    def on_train_begin(self, logs: Any = None) -> None:
        self._best_weights = self.model.get_weights()
        # Keras gives all callbacks the same parameters: those after this one are told what an epoch must beat.
        self.params["best_loss"] = self.best_loss

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._batches = (self.epoch - 1 - self._first_epoch) * self.per_epoch + self.begun + batch + 1
        if not math.isfinite(logs["loss"]):
            self._end("diverged")
        elif self._stopping():
            self._end("interrupted")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        losses = [float(logs["loss"]), *([float(logs.get("val_loss", math.nan))] if self._validated else [])]
        if self.status == "diverged" or not all(map(math.isfinite, losses)):
            self._end("diverged")
            return
        row = {"epoch": epoch + 1, "learning_rate": current_rate(self.model.optimizer), **logs}
        for name, value in row.items():
            self.history.setdefault(name, []).append(value if name == "epoch" else float(value))
        val_loss = losses[-1]
        if val_loss < self.best_loss or self._keep_last:
            self.best_loss, self._best_weights = val_loss, self.model.get_weights()
            self.best_epoch = self._waiting_since = epoch + 1
        elif self._patience and epoch + 1 - self._waiting_since >= self._patience:
            self.model.stop_training = True
        if not goes_on(epoch + 1, val_loss) and self.status == "done":
            self._end("pruned")

    def on_train_end(self, logs: Any = None) -> None:
        self.model.set_weights(self._best_weights)

    def _end(self, status: str) -> None:
        self.status, self.model.stop_training = status, True
