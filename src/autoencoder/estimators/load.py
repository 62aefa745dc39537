"""What a folder holds, as the estimator that left it."""

from __future__ import annotations

import os
from pathlib import Path

from ..clustering.storage import JSON_FILE
from ..storage.classifier import ClassifierRun
from ..storage.lookup import find, find_restorer, kind_of, locate, under_logs
from .autoencoder import Autoencoder
from .classifier import Classifier
from .clusterer import Clusterer
from .restorer import Restorer


def load(path: str | os.PathLike[str]) -> Autoencoder | Clusterer | Classifier | Restorer:
    """Return the estimator that a command, or `save`, left.

    Parameters
    ----------
    path : path
        The folder of a run, a clustering, a classifier or a restorer; its name under logs/; `latest`, for the newest
        autoencoder; or an encoder's file: .keras, .h5.

    Raises
    ------
    UsageError
        If there is no such folder. It is also a `ValueError`.
    ModelFileError
        If what it holds is damaged.

    Examples
    --------
    >>> ae = load("logs/ae_20261125_163828")  # doctest: +SKIP
    """
    folder = under_logs(Path(path).expanduser())
    if (folder / JSON_FILE).is_file():
        return Clusterer.open(folder)
    if (folder / ClassifierRun(folder).classifier.name).is_file():
        return Classifier.open(ClassifierRun(find(folder, "classifier").path))
    if folder.is_dir() and kind_of(folder) == "restorer":
        return Restorer.open(*find_restorer(folder))
    return Autoencoder.open(*locate(str(path)))
