"""Tell how training goes: a line an epoch in the log, and where work is shown on a terminal a bar as well."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..progress import progress_shown

log = logging.getLogger("autoencoder")


class EpochLines(keras.callbacks.Callback):
    """Log a line at the end of each epoch; on a terminal, where `progress.reporting` wants it, show a bar meanwhile."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self._epochs, self._best = epochs, float("inf")
        self._console = Console(file=sys.stdout, highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(
            *columns,
            console=self._console,
            transient=True,
            disable=not (progress_shown() and self._console.is_terminal),
        )

    def on_train_begin(self, logs: Any = None) -> None:
        # Each stage of a training begins anew, as its losses may be of other images, or with a loss to beat.
        self._best = self.params.get("best_loss", float("inf"))
        self._bar.start()
        for former in self._bar.task_ids:
            self._bar.remove_task(former)
        self._task = self._bar.add_task("", total=self.params["steps"])

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._start = time.perf_counter()
        self._bar.reset(self._task, description=f"epoch {epoch + 1}/{self._epochs}")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._bar.update(self._task, completed=batch + 1)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        val_loss = logs.get("val_loss", float("nan"))
        best, self._best = ("  best" if val_loss < self._best else ""), min(val_loss, self._best)
        seconds = time.perf_counter() - self._start
        line = f"epoch {epoch + 1:>{len(str(self._epochs))}}/{self._epochs}  {seconds:6.1f} s  "
        shown = (name for name in ("loss", "val_loss", "val_accuracy") if name in logs)
        log.info(f"{line}{'  '.join(f'{name} {logs[name]:.5f}' for name in shown)}{best}")

    def on_train_end(self, logs: Any = None) -> None:
        self._bar.stop()
