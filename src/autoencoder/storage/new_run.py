"""The folder of a new run: whether there is room for it, and making it."""

from __future__ import annotations

import contextlib
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from ..errors import DiskError, UsageError
from ..files import is_temporary, numbered
from ..settings import Output
from .lock import NAME as LOCK
from .lock import in_training
from .provenance import NAME as PROVENANCE
from .provenance import read_provenance
from .run import LOGS, Run
from .runs_table import TIME_FORMAT

#: What is in a run's folder before anything is learned.
BEGUN = {LOCK, PROVENANCE, "settings.yml", "bad_files.csv", "model.png"}


def check_free(output: Output) -> None:
    """Refuse a `save_dir` that already holds something, a folder where a table of runs belongs, and missing loggers.

    Raises
    ------
    UsageError
        Nothing is ever overwritten; what is to be logged to must be installed.
    DiskError
        No row could be kept.
    """
    for logger in ("tensorboard", "mlflow"):
        if getattr(output, logger) and find_spec(logger) is None:
            raise UsageError(
                f"--{logger}: the package {logger} is not installed; install it with: pip install "
                f"'flexible-autoencoder[{logger}]', in a checkout pip install '.[{logger}]', or leave the flag out"
            )
    for table in (LOGS / "aescore.csv", LOGS / "classifiers.csv"):
        if table.is_dir():
            raise DiskError(f"{table}: is a folder, and the table of all runs belongs there; move it away")
    if output.save_dir is not None:
        _check_empty(output.save_dir)


def _check_empty(folder: Path) -> None:
    if not folder.exists():
        return
    holds = f"--save_dir={folder}: already holds something, and runs are never overwritten; name a new one"
    if not folder.is_dir():
        raise UsageError(holds)
    if in_training(Run(folder)):
        raise UsageError(f"--save_dir={folder}: is being trained by another command; name a new one")
    names = {path.name for path in folder.iterdir() if not is_temporary(path.name)}
    made = read_provenance(folder / PROVENANCE)
    if names <= {LOCK} or (names <= BEGUN and made is not None and not made.finished):
        return  # killed before its first state: there is nothing to lose
    unfinished = made is not None and not made.finished
    raise UsageError(f"{holds}, or go on with it: --resume={folder}" if unfinished else holds)


def create(output: Output, now: datetime) -> Run:
    """Make the folder of a new run: `save_dir`, or logs/<prefix>_<date>_<time> with a number where that is taken.

    Raises
    ------
    UsageError
        If `save_dir` already holds something.
    DiskError
        If the folder cannot be made.
    """
    check_free(output)
    try:
        if output.save_dir is not None:
            output.save_dir.mkdir(parents=True, exist_ok=True)
            for name in BEGUN - {LOCK}:
                (output.save_dir / name).unlink(missing_ok=True)
            return Run(output.save_dir)
        LOGS.mkdir(exist_ok=True)
        return Run(_new_folder(LOGS / f"{output.save_prefix}_{now.strftime(TIME_FORMAT)}"))
    except OSError as error:
        where = output.save_dir or LOGS
        raise DiskError(
            f"{where}: the run's folder cannot be made ({error.strerror}); choose another --save_dir"
        ) from error


def _new_folder(wanted: Path) -> Path:
    for folder in numbered(wanted):
        with contextlib.suppress(FileExistsError):  # another run began in the same second
            folder.mkdir()
            return folder
    raise AssertionError("names never end")
