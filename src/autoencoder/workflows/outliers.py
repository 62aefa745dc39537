"""The images that lie far from all others."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from ..clustering.nearest import other_neighbours
from ..clustering.outliers import NEIGHBOURS, strangeness
from ..data.tables import any_names
from ..settings import Reading
from .found import Found, Opened, check_neighbours, open_images

if TYPE_CHECKING:
    from pandas import DataFrame


def outliers(
    run: str | os.PathLike[str],
    images: str | os.PathLike[str] | None = None,
    neighbours: int = NEIGHBOURS,
    reading: Reading | None = None,
) -> DataFrame:
    """Order images by how strange they are: by their mean distance to their nearest neighbours in the embedding.

    Parameters
    ----------
    run : str or path
        A run's folder, its name in logs/, or `latest`.
    images : str or path, optional
        Those that the run was trained on otherwise.
    neighbours : int
    reading : Reading, optional
        How they are read; as in the training otherwise.

    Returns
    -------
    DataFrame
        rank (from 1 on), path, label (where there are class folders), score, nearest (the path of the nearest other
        image); the strangest first.

    Raises
    ------
    UsageError
        If there are not more images than neighbours; and as `found.open_images`.
    DataError, ModelFileError
        As `found.open_images`.

    Examples
    --------
    >>> import cv2
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_digits
    >>> Path("digits").mkdir()
    >>> for number, image in enumerate(load_digits().images[:40]):
    ...     saved = cv2.imwrite(f"digits/{number}.png", image.astype("uint8") * 15)
    >>> ae = Autoencoder(filters=(4,), dims=(3,), train_epochs=1, save_dir="logs/ae").fit("digits")
    >>> found = outliers("logs/ae")
    >>> found.columns.tolist(), len(found), int(found["rank"].iloc[0])
    (['rank', 'path', 'score', 'nearest'], 40, 1)
    """
    return find_outliers(open_images(run, images, reading), neighbours).table


@any_names()
def find_outliers(opened: Opened, neighbours: int = NEIGHBOURS, shown: int = 100) -> Found:
    """Order all images by how strange they are, and show the first; raises as `outliers`."""
    from pandas import DataFrame

    known = opened.embeddings
    check_neighbours(neighbours, len(known))
    distances, rows = other_neighbours(known.vectors, neighbours)
    scores = strangeness(distances)
    order = np.argsort(-scores, kind="stable")
    columns = {"rank": np.arange(1, len(order) + 1), "path": [known.paths[row] for row in order]}
    labels = {} if known.labels is None else {"label": [known.labels[row] for row in order]}
    nearest = [known.paths[row] for row in rows[order, 0]]
    table = DataFrame(columns | labels | {"score": scores[order].astype(np.float32), "nearest": nearest})
    first = order[:shown]
    captions = [(known.paths[row], f"{scores[row]:.4g}") for row in first]
    title = f"The {len(first):,} strangest of {len(order):,} images"
    return Found(table, opened.images.pixels[first], captions, title, f"mean distance to {neighbours} neighbours")
