"""Save what a network has learned, and where its place takes no more, in another place that the user has."""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import keras

from ..errors import DiskError
from ..model.saved import save

log = logging.getLogger("autoencoder")

#: Seconds from one try to the next, where somebody is there to make room.
PAUSE = 2.0


def save_trained(model: keras.Model, path: Path) -> None:
    """Write a model into its run's folder.

    Where no place takes it and the input is a terminal, the model stays in memory until one does, or Ctrl-C ends it.

    Parameters
    ----------
    model : keras.Model
    path : Path

    Raises
    ------
    DiskError
        If it cannot be written there. It says where the model is instead: beside the run's folder or in the temporary
        one, where that can be done.
    """
    try:
        save(model, path)
    except DiskError as error:
        place = next((each for each in _elsewhere(path) if _is_saved(model, each)), None)
        if place is None and not _is_somebody_there():
            raise
        place = place or _wait(model, path, error)
        if place == path:
            return
        raise DiskError(f"{error}; what was learned is in {place}: copy it to {path}") from error


def _is_somebody_there() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _wait(model: keras.Model, path: Path, error: DiskError) -> Path:
    """Try all places again and again, and return the one that took the model."""
    log.warning(f"{error}; it is kept in memory until there is room, and tried again; Ctrl-C ends without it")
    places = (path, *_elsewhere(path))
    while True:
        time.sleep(PAUSE)
        place = next((each for each in places if _is_saved(model, each)), None)
        if place is not None:
            log.info(f"{place} is saved")
            return place


def _is_saved(model: keras.Model, path: Path) -> bool:
    try:
        save(model, path)
    except DiskError:
        return False
    return True


def _elsewhere(path: Path) -> Iterator[Path]:
    name = f"{path.parent.name}_{path.name}"
    for folder in (path.absolute().parent.parent, Path(tempfile.gettempdir())):
        if not (folder / name).exists():
            yield folder / name
