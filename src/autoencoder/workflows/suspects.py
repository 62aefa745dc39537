"""Images whose labels disagree with their neighbours'."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from ..clustering.nearest import other_neighbours, vote_weights
from ..clustering.outliers import NEIGHBOURS, disagreement
from ..data.tables import any_names
from ..errors import DataError
from ..settings import Reading
from .found import Found, Opened, check_neighbours, open_images

if TYPE_CHECKING:
    from pandas import DataFrame


def suspects(
    run: str | os.PathLike[str],
    images: str | os.PathLike[str] | None = None,
    labels: str | os.PathLike[str] | None = None,
    neighbours: int = NEIGHBOURS,
    reading: Reading | None = None,
) -> DataFrame:
    """Order labelled images by how many of their neighbours in the embedding have another label.

    Parameters
    ----------
    run : str or path
        A run's folder, its name in logs/, or `latest`.
    images : str or path, optional
        Those that the run was trained on otherwise.
    labels : str or path, optional
        A CSV (path,label); class folders otherwise.
    neighbours : int
        How many have a vote, a near one more than a far one.
    reading : Reading, optional
        How they are read; as in the training otherwise.

    Returns
    -------
    DataFrame
        rank (from 1 on), path, label, proposed (what most neighbours say), score (the weight of those that disagree,
        0 to 1), agreement (the weight of those that say what is proposed); the most suspicious first.

    Raises
    ------
    UsageError
        If there are not more images than neighbours; and as `found.open_images`.
    DataError
        If the images have no labels, or all the same; and as `found.open_images`.
    ModelFileError
        As `found.open_images`.

    Examples
    --------
    >>> import cv2
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> for number, (image, digit) in enumerate(zip(digits.images[:40], digits.target[:40])):
    ...     Path(f"digits/{digit}").mkdir(parents=True, exist_ok=True)
    ...     saved = cv2.imwrite(f"digits/{digit}/{number}.png", image.astype("uint8") * 15)
    >>> ae = Autoencoder(filters=(4,), dims=(3,), train_epochs=1, save_dir="logs/ae").fit("digits")
    >>> found = suspects("logs/ae")
    >>> found.columns.tolist(), len(found)
    (['rank', 'path', 'label', 'proposed', 'score', 'agreement'], 40)
    """
    return find_suspects(open_images(run, images, reading, labels), neighbours).table


@any_names()
def find_suspects(opened: Opened, neighbours: int = NEIGHBOURS, shown: int = 100) -> Found:
    """Order all images by how suspicious their labels are, and show the first; raises as `suspects`."""
    from pandas import DataFrame

    known = opened.embeddings
    if known.labels is None:
        raise DataError(
            f"{opened.source.root}: its images have no labels; put them into class folders, or give a CSV with --labels"
        )
    names, numbers = np.unique(known.labels, return_inverse=True)
    if len(names) < 2:
        raise DataError(f"{opened.source.root}: all images have the label {names[0]}, so no neighbour can disagree")
    check_neighbours(neighbours, len(known))
    distances, rows = other_neighbours(known.vectors, neighbours)
    found = disagreement(numbers, rows, vote_weights(distances))
    order = found.order()
    labels, proposed = names[numbers[order]], names[found.proposed[order]]
    table = DataFrame(
        {
            "rank": np.arange(1, len(order) + 1),
            "path": [known.paths[row] for row in order],
            "label": labels,
            "proposed": proposed,
            "score": found.scores[order].astype(np.float32),
            "agreement": found.weights[order].astype(np.float32),
        }
    )
    doubted = int((found.scores > 0.5).sum())
    first = min(shown, max(doubted, 1))
    captions = [(known.paths[order[at]], f"{labels[at]}? {proposed[at]}") for at in range(first)]
    remark = f"of {doubted:,} that most of {neighbours} neighbours contradict"
    return Found(table, opened.images.pixels[order[:first]], captions, f"The {first:,} most doubtful labels", remark)
