"""Keep the state of a training in its run's folder, and go on from it."""

from __future__ import annotations

import contextlib
import logging
import shlex
from collections.abc import Iterator

from ..errors import DiskError
from ..storage.lock import remove_lock, training_lock
from ..storage.run import Run
from ..storage.state import read_state, remove_half_written, remove_states, write_state
from ..training.state import Keeping, TrainingState
from .unfinished import Unfinished, check_open

log = logging.getLogger("autoencoder")


@contextlib.contextmanager
def keeping(
    run: Run, command: str, every: float | None, going_on: Unfinished | None = None, unit: str = "epoch"
) -> Iterator[Keeping]:
    """Keep states in a run's folder while it is trained, and begin with the one that is there.

    What is counted in a message is the `unit`.

    Raises
    ------
    UsageError
        If the run is being trained already, or became complete since it was looked at.
    ModelFileError
        If a state cannot be read.
    """
    with training_lock(run):
        if going_on is not None:
            check_open(going_on.name, run, command)
        remove_half_written(run)
        begin = state_of(run)
        if begin is not None:
            batch = f", batch {begin.record['step']}" if begin.record["step"] else ""
            over = sum(len(each["history"]["epoch"]) for each in begin.record["done"])
            log.info(f"going on after {unit} {max(begin.record['epoch'], over)}{batch}")

        def save(state: TrainingState) -> None:
            try:
                write_state(run, *state)
            except DiskError as error:
                to_go_on = f"flexae {command} --resume={shlex.quote(str(run.path))}"
                raise DiskError(f"{error}; the state before it is kept; to go on: {to_go_on}") from error

        yield Keeping(save, every, begin)


def state_of(run: Run) -> TrainingState | None:
    """Return the state that a run is gone on from; None where none was kept. Raises ModelFileError."""
    found = read_state(run)
    return None if found is None else TrainingState.checked(*found)


def forget_states(run: Run) -> None:
    """Remove what was kept to go on, once all of a training is saved."""
    remove_states(run)
    remove_lock(run)
