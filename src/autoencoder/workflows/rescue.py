"""Save what a network has learned, and where its place takes no more, in another place that the user has."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import keras

from ..errors import DiskError
from ..model.saved import save


def save_trained(model: keras.Model, path: Path) -> None:
    """Write a model into its run's folder.

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
        if place is None:
            raise
        raise DiskError(f"{error}; what was learned is in {place}: copy it to {path}") from error


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
