"""The state of a training that is not finished, in its run's folder: two generations, so that one is always whole."""

from __future__ import annotations

import contextlib
import json
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..archives import check_archive
from ..errors import ModelFileError
from ..files import is_temporary, replacing
from .kept import DAMAGED
from .run import Run

log = logging.getLogger("autoencoder")

_GENERATIONS = ("state_a.npz", "state_b.npz")
_RECORD = "record"


def write_state(run: Run, record: Mapping[str, Any], arrays: Mapping[str, Sequence[np.ndarray]]) -> None:
    """Write a state whole, in place of the older of the two that are there.

    Parameters
    ----------
    run : Run
    record : mapping
        Plain values.
    arrays : mapping
        Lists of arrays by name.

    Raises
    ------
    DiskError
        If it cannot be written. The former states are untouched then.
    """
    serials = {file: _serial(file) for file in _files(run)}
    target = min(serials, key=lambda file: serials[file])
    text = json.dumps({**record, "serial": max(serials.values()) + 1}).encode()
    named: dict[str, Any] = {
        f"{name}.{number}": each for name, every in arrays.items() for number, each in enumerate(every)
    }
    with replacing(target) as temporary:
        np.savez(temporary, **{**named, _RECORD: np.frombuffer(text, np.uint8)})


def read_state(run: Run) -> tuple[dict[str, Any], dict[str, list[np.ndarray]]] | None:
    """Return the newest whole state of a run, as `write_state` was given it; None where there is none.

    One that is damaged (each array has a checksum) is passed over, with a warning.

    Raises
    ------
    ModelFileError
        If one is there that the disk or its permissions do not let be read.
    """
    there = [file for file in _files(run) if file.is_file()]
    # A damaged one may be the newest: it comes first, and is told of.
    for number, file in enumerate(sorted(there, key=lambda each: _serial(each) or math.inf, reverse=True), start=1):
        try:
            return _read(file)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise ModelFileError(
                f"{file}: cannot be read ({why}); see to it, or remove it to begin before it"
            ) from error
        except DAMAGED:
            instead = (
                "the state before it is taken" if number < len(there) else "there is no other: training begins anew"
            )
            log.warning(f"{file}: is damaged; {instead}")
    return None


def has_state(run: Run) -> bool:
    """Whether a run holds a state, whole or not."""
    return any(file.is_file() for file in _files(run))


def remove_states(run: Run) -> None:
    """Remove the states of a training that is finished."""
    for file in _files(run):
        file.unlink(missing_ok=True)
    remove_half_written(run)


def remove_half_written(run: Run) -> None:
    """Remove what a process that was killed left of states, by the one who holds the run's lock: they are large."""
    for file in run.path.glob(".*"):
        if is_temporary(file.name) and file.name.endswith(_GENERATIONS):
            file.unlink(missing_ok=True)


def _files(run: Run) -> Iterator[Path]:
    return (run.path / name for name in _GENERATIONS)


def _serial(file: Path) -> int:
    """Return the number of a state, counted from 1; 0 where there is none, or it is damaged."""
    with contextlib.suppress(*DAMAGED), _opened(file) as kept:
        return int(json.loads(kept[_RECORD].tobytes())["serial"])
    return 0


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[Any]:
    # NumPy leaves a file open that it finds to be no archive.
    with file.open("rb") as opened:
        check_archive(opened)
        with np.load(opened, allow_pickle=False) as kept:
            yield kept


def _read(file: Path) -> tuple[dict[str, Any], dict[str, list[np.ndarray]]]:
    with _opened(file) as kept:
        record = json.loads(kept[_RECORD].tobytes())
        arrays: dict[str, list[np.ndarray]] = {}
        for key in kept.files:
            name, _, number = key.partition(".")
            if number:
                arrays.setdefault(name, []).append(kept[key])  # in the order in which they were written
    del record["serial"]
    return record, arrays
