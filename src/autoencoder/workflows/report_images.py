"""The images of a report: those that are there, and those that are not any more as they were decoded before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..data.listing import Images, Listing
from ..data.source import ImageSource
from ..errors import DataError
from ..settings import Reading
from ..storage import run as run_folder
from ..storage.kept import DAMAGED, keep_file
from ..storage.lookup import images_of
from ..storage.run import Run

#: Decoded images of more bytes are not kept for the day when their files are gone.
MOST_KEPT = 2**28
_ARRAYS = ("pixels", "sizes", "digests", "shapes")


class FoundImages(NamedTuple):
    """The files that are there, `listing` being None where their folder is gone, and what was kept of them."""

    source: ImageSource
    listing: Listing | None
    kept: Images | None


def find_images(run: Run, named: Path | None, reading: Reading) -> FoundImages:
    """Look for the images of a report; where their folder is gone, for those that an earlier report decoded.

    Raises
    ------
    UserError
        As `images_of` and `ImageSource.look`, where nothing was kept either.
    """
    source = None
    try:
        source = images_of(run, named, reading)
        source, listing = source.look()
        return FoundImages(source, listing, read_kept(run, source))
    except DataError:
        source = source or (run.source() if named is None else None)
        kept = None if source is None else read_kept(run, source)
        if source is None or kept is None:
            raise
        return FoundImages(source, None, kept)


def with_gone(images: Images, kept: Images | None, wanted: Collection[str]) -> tuple[Images, int]:
    """Add to images those of the wanted ones that are missing among them and were kept; say how many that are."""
    missing = set(wanted) - set(images.paths)
    rows = [] if kept is None else [row for row, path in enumerate(kept.paths) if path in missing]
    if kept is None or not rows or not _alike(kept, images):
        return images, 0
    more = kept.take(np.array(rows))
    paths = (*images.paths, *more.paths)
    order = sorted(range(len(paths)), key=paths.__getitem__)
    labels = None if images.labels is None else (*images.labels, *(more.labels or ()))
    return (
        Images(
            np.concatenate([images.pixels, more.pixels[:]])[order],
            tuple(paths[row] for row in order),
            None if labels is None else tuple(labels[row] for row in order),
            tuple(file for file in images.bad if file.path not in missing & set(more.paths)),
            np.concatenate([images.sizes, more.sizes])[order],
            np.concatenate([images.digests, more.digests])[order],
            np.concatenate([images.shapes, more.shapes])[order],
        ),
        len(rows),
    )


def _alike(one: Images, other: Images) -> bool:
    same = bool(one.pixels.shape[1:] == other.pixels.shape[1:])
    return same and (one.labels is None) == (other.labels is None)


def keep(run: Run, source: ImageSource, images: Images) -> None:
    """Keep decoded images for a later report; not too many, and without room for them the work goes on."""
    if images.pixels[:1].nbytes * len(images.pixels) > MOST_KEPT:
        return
    names = np.frombuffer(json.dumps([images.paths, images.labels]).encode(), np.uint8)
    rest: dict[str, Any] = {"sizes": images.sizes, "digests": images.digests, "shapes": images.shapes}
    kept = partial(np.savez, names=names, pixels=images.pixels[:], allow_pickle=False, **rest)
    keep_file(_file(run, source), kept, "the decoded images are not kept")


def read_kept(run: Run, source: ImageSource) -> Images | None:
    """Return the images that `keep` kept; None where there are none, or none that are whole."""
    try:
        with np.load(_file(run, source), allow_pickle=False) as file:
            pixels, sizes, digests, shapes = (file[name] for name in _ARRAYS)
            paths, labels = json.loads(file["names"].tobytes())
    except DAMAGED:
        return None
    return Images(pixels, tuple(paths), None if labels is None else tuple(labels), (), sizes, digests, shapes)


def _file(run: Run, source: ImageSource) -> Path:
    # By the run as well: another one may take the same images in another size.
    deciding = json.dumps([str(run.path.absolute()), source.to_flags()]).encode()
    return run_folder.CACHE / f"report_{hashlib.sha256(deciding).hexdigest()[:32]}.npz"
