"""The images that lie nearest to one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..clustering.nearest import neighbours
from ..data.listing import printable
from ..data.tables import any_names
from ..errors import UsageError
from ..settings import Reading
from .found import Found, Opened, open_images

if TYPE_CHECKING:
    from pandas import DataFrame


def similar(
    run: str | os.PathLike[str],
    image: str | os.PathLike[str],
    count: int = 12,
    images: str | os.PathLike[str] | None = None,
    reading: Reading | None = None,
) -> DataFrame:
    """Find the images of a run that lie nearest to one, by the distance of their embeddings.

    Parameters
    ----------
    run : str or path
        A run's folder, its name in logs/, or `latest`.
    image : str or path
        The file of one image, which may be one of them; it is not told then.
    count : int
        How many, at most.
    images : str or path, optional
        Where they are looked for; among those that the run was trained on otherwise.
    reading : Reading, optional
        How they are read; as in the training otherwise.

    Returns
    -------
    DataFrame
        rank (from 1 on), path, label (where there are class folders), distance.

    Raises
    ------
    UsageError, DataError, ModelFileError
        As `found.open_images`; if `image` is none or several.

    Examples
    --------
    >>> import cv2
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_digits
    >>> Path("digits").mkdir()
    >>> for number, image in enumerate(load_digits().images[:40]):
    ...     saved = cv2.imwrite(f"digits/{number}.png", image.astype("uint8") * 15)
    >>> ae = Autoencoder(filters=(4,), dims=(3,), train_epochs=1, save_dir="logs/ae").fit("digits")
    >>> found = similar("logs/ae", "digits/7.png", count=5)
    >>> found.columns.tolist(), len(found), "7.png" in set(found["path"])
    (['rank', 'path', 'distance'], 5, False)
    """
    opened = open_images(run, images, reading)
    return find_similar(opened, opened.other(one_file(image)), count).table


def one_file(image: str | os.PathLike[str]) -> Path:
    """Return the path of one image.

    Raises
    ------
    UsageError
        If it is a folder, or is not there.
    """
    path = Path(image)
    if not path.is_file():
        why = "is a folder" if path.is_dir() else "is not there"
        raise UsageError(f"{printable(str(image))}: {why}; name the file of one image")
    return path


@any_names()
def find_similar(opened: Opened, asked: Opened, count: int) -> Found:
    """Find the `count` images nearest to the one of `asked`.

    Raises
    ------
    UsageError
        If `asked` has several.
    """
    from pandas import DataFrame

    if len(asked.embeddings) != 1:
        raise UsageError(f"{asked.source.root}: holds {len(asked.embeddings):,} images; name the file of one image")
    known = opened.embeddings
    distances, rows = (each[0] for each in neighbours(known.vectors, asked.embeddings.vectors, count + 1))
    own = np.array([_same_file(opened, known.paths[row], asked) for row in rows], bool)
    distances, rows = distances[~own][:count], rows[~own][:count]
    paths = [known.paths[row] for row in rows]
    table = DataFrame({"rank": np.arange(1, len(rows) + 1), "path": paths, "distance": distances.astype(np.float32)})
    if known.labels is not None:
        table.insert(2, "label", [known.labels[row] for row in rows])
    name = asked.embeddings.paths[0]
    near = zip(paths, distances, strict=True)
    captions = [(name, "asked for"), *((path, f"{distance:.4g}") for path, distance in near)]
    pixels = np.concatenate([asked.images.pixels[:1], opened.images.pixels[rows]])
    return Found(table, pixels, captions, f"Nearest to {name}", "distance of the embeddings")


def _same_file(opened: Opened, path: str, asked: Opened) -> bool:
    """Whether a path of the images is the file that was asked for."""
    try:
        return (opened.source.root / path).samefile(asked.source.root)
    except OSError:  # in an idx file
        return False
