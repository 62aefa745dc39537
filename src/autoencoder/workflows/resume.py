"""Keep the state of a training in its run's folder, and go on from it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from filelock import FileLock, Timeout

from ..errors import UsageError
from ..storage.run import Run
from ..storage.state import read_state, remove_states, write_state
from ..training.state import Keeping, TrainingState

log = logging.getLogger("autoencoder")

#: Held while a run is trained.
_LOCK = ".training.lock"


@contextlib.contextmanager
def keeping(run: Run, every: float | None) -> Iterator[Keeping]:
    """Keep states in a run's folder while it is trained, and begin with the one that is there.

    Raises
    ------
    UsageError
        If the run is being trained already.
    """
    lock = FileLock(run.path / _LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise UsageError(f"{run.path}: is being trained by another command; wait for its end") from None
    try:
        found = read_state(run)
        begin = None if found is None else TrainingState(*found)
        if begin is not None:
            batch = f", batch {begin.record['step']}" if begin.record["step"] else ""
            over = sum(len(each["history"]["epoch"]) for each in begin.record["done"])
            log.info(f"going on after epoch {max(begin.record['epoch'], over)}{batch}")
        yield Keeping(lambda state: write_state(run, *state), every, begin)
    finally:
        lock.release()


def forget_states(run: Run) -> None:
    """Remove what was kept to go on, once all of a training is saved."""
    remove_states(run)
    (run.path / _LOCK).unlink(missing_ok=True)
