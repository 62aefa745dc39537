"""Images that are there twice, or nearly."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..clustering.duplicates import KINDS, Looks, Pairs, groups
from ..clustering.duplicates import duplicates as pairs_among
from ..clustering.duplicates import duplicates_of as pairs_with
from ..data.tables import any_names
from ..settings import Reading
from ..training.shrink import averaged
from .found import TOLD, Found, Opened, open_images, tell

if TYPE_CHECKING:
    from pandas import DataFrame

log = logging.getLogger("autoencoder")

#: Images are compared at so many pixels a side at most.
_SIDE = 32
_AT_ONCE = 4096
_FIGURES = ("kind", "distance", "hash_distance", "likeness")


def duplicates(
    run: str | os.PathLike[str],
    images: str | os.PathLike[str] | None = None,
    reading: Reading | None = None,
) -> DataFrame:
    """Find groups of near-duplicates among a run's images, or which of new images are among them already.

    Parameters
    ----------
    run : str or path
        A run's folder, its name in logs/, or `latest`.
    images : str or path, optional
        New images, a folder or a file.
    reading : Reading, optional
        How they are read; as in the training otherwise.

    Returns
    -------
    DataFrame
        Without new images, a row an image that has a duplicate: group, path, like (the path of the image of its group
        that it is most like among those above it, empty for the first), kind. With new images, a row for each of
        them: path, known (what it is most like, empty where nothing is), kind. Then, of both: distance (of the
        embeddings), hash_distance (bits of 64), likeness (-1 to 1). The kinds are `clustering.duplicates.KINDS`, and
        `new` or `first` where there is nothing to compare with.

    Raises
    ------
    UsageError, DataError, ModelFileError
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
    >>> duplicates("logs/ae", "digits/7.png")[["path", "known", "kind"]]
        path  known  kind
    0  7.png  7.png  same
    """
    opened = open_images(run, None, reading)
    if images is None:
        return find_duplicates(opened).table
    return find_known(opened, opened.other(Path(images))).table


def looks(opened: Opened) -> Looks:
    """Return what images look like at 32 pixels a side at most."""
    pixels = opened.images.pixels
    height, width = (min(side, _SIDE) for side in pixels.shape[1:3])
    starts = range(0, len(opened.embeddings), _AT_ONCE)
    small = [averaged(np.asarray(pixels[start : start + _AT_ONCE]), (height, width)) for start in starts]
    return Looks(np.concatenate(small), opened.embeddings.vectors)


@any_names()
def find_duplicates(opened: Opened, shown: int = 100) -> Found:
    """Find groups of near-duplicates among images."""
    from pandas import DataFrame

    pairs = pairs_among(looks(opened))
    paths = opened.embeddings.paths
    group = groups(np.column_stack([pairs.first, pairs.second]), len(paths))
    above, below = _best(pairs, pairs.second), _best(pairs, pairs.first)
    rows: list[dict[str, Any]] = []
    members = np.flatnonzero(group >= 0)
    members = members[np.argsort(group[members], kind="stable")]
    for row in members.tolist():
        begins = not rows or rows[-1]["group"] != group[row] + 1
        # What is like none of those above it is joined by one below.
        at = above.get(row, below.get(row, 0))
        other = pairs.first[at] if row in above else pairs.second[at]
        said = {"kind": "first"} if begins else {"like": paths[other], **_figures(pairs, at)}
        rows.append({"group": group[row] + 1, "path": paths[row], **said})
    table = _whole(DataFrame(rows, columns=["group", "path", "like", *_FIGURES]))
    remarks = [f"group {number}: {kind}" for number, kind in zip(table["group"], table["kind"], strict=True)]
    captions = list(zip(table["path"], remarks, strict=True))[:shown]
    count = int(group.max(initial=-1)) + 1
    title = f"{count:,} group{'s' * (count != 1)} of near-duplicates"
    remark = f"{len(members):,} of {len(paths):,} images"
    return Found(table, opened.images.pixels[members[:shown]], captions, title, remark)


@any_names()
def find_known(opened: Opened, new: Opened, shown: int = 100) -> Found:
    """Find which of new images are among those that are known."""
    from pandas import DataFrame

    pairs = pairs_with(looks(new), looks(opened))
    paths, known = new.embeddings.paths, opened.embeddings.paths
    best = _best(pairs, pairs.second)
    rows = [
        {
            "path": path,
            **({"known": known[pairs.first[best[row]]], **_figures(pairs, best[row])} if row in best else {}),
        }
        for row, path in enumerate(paths)
    ]
    table = _whole(DataFrame(rows, columns=["path", "known", *_FIGURES]).fillna({"kind": "new"}))
    there = sorted(best)[: shown // 2]
    captions: list[tuple[str, str]] = []
    for row in there:
        captions += [(paths[row], table["kind"][row]), (table["known"][row], "known")]
    both = [each for row in there for each in (new.images.pixels[row], opened.images.pixels[pairs.first[best[row]]])]
    pixels = np.array(both, np.uint8).reshape(-1, *opened.images.pixels.shape[1:])
    title = f"{len(best):,} of {len(paths):,} new images are known"
    return Found(table, pixels, captions, title, bad=new.images.bad)


def tell_duplicates(found: Found) -> None:
    """Say how many duplicates were found, and the first of them, a line each."""
    log.info(found.title + (f", {found.remark}" if found.remark else ""))
    column = "like" if "like" in found.table else "known"
    pairs = found.table[found.table[column] != ""]
    lines = [f"{row.path}: {row.kind} as {getattr(row, column)}" for row in pairs.head(TOLD).itertuples()]
    tell(lines, len(pairs))


def _best(pairs: Pairs, rows: np.ndarray) -> dict[int, int]:
    """Return, for each image that `rows` names, the place of the pair that it is most alike in."""
    order = np.lexsort((-np.arange(len(rows)), pairs.likeness, -pairs.kinds))
    return {int(rows[place]): int(place) for place in order}  # the last one is the best


def _figures(pairs: Pairs, at: int) -> dict[str, Any]:
    figures = KINDS[pairs.kinds[at]], pairs.distances[at], pairs.hashes[at], pairs.likeness[at]
    return dict(zip(_FIGURES, figures, strict=True))


def _whole(table: DataFrame) -> DataFrame:
    """Return a table with empty names where there is nothing to compare with, and bits as whole numbers."""
    names = {name: "" for name in ("like", "known") if name in table}
    types = {"distance": "float32", "hash_distance": "Int64", "likeness": "float32"}
    return table.fillna(names).astype(types)
