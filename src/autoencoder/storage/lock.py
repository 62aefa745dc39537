"""Held while a run is trained, so that no two commands train it at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ..errors import UsageError
from ..files import disk_error
from .run import Run

NAME = ".training.lock"


@contextlib.contextmanager
def training_lock(run: Run) -> Iterator[None]:
    """Hold a run while it is trained.

    Raises
    ------
    UsageError
        If it is being trained already.
    DiskError
        If its folder cannot be written to.
    """
    from filelock import FileLock, Timeout  # slow to import

    lock = FileLock(run.path / NAME)
    try:
        lock.acquire(blocking=False)
    except Timeout:  # an OSError too, so it comes first
        raise UsageError(f"{run.path}: is being trained by another command; wait for its end") from None
    except OSError as error:
        raise disk_error(error, run.path) from error
    try:
        yield
    finally:
        lock.release()


def in_training(run: Run) -> bool:
    """Whether a command is training a run at this moment."""
    if not (run.path / NAME).is_file():
        return False
    try:
        with training_lock(run):
            return False
    except UsageError:
        return True


def remove_lock(run: Run) -> None:
    """Remove the lock's file, by the one who holds it, once nothing is left to train."""
    (run.path / NAME).unlink(missing_ok=True)
