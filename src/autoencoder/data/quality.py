"""The quality of images: measures of their pixels, and what a person asks of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np

from ..errors import DataError, UsageError
from ..metrics.quality import MEASURES, measures
from .conditions import Row, condition
from .listing import Images, Listing, printable

#: What `--quality` may ask for.
COLUMNS = (*MEASURES, "width", "height")
#: What the reasons of images begin with that are left out for their quality.
LEFT_OUT = "quality: "


def quality(images: Images) -> dict[str, np.ndarray]:
    """Measure decoded images, at the size and in the colour that the network takes.

    Parameters
    ----------
    images : Images

    Returns
    -------
    dict of arrays of shape (n,)
        What `metrics.quality.measures` returns; `width` and `height`, int, of the files' own images, as shown.
    """
    return quality_of(images.pixels, images.shapes)


def asked_quality(text: str) -> Callable[[Row], bool]:
    """Read what `--quality` asks for.

    Raises
    ------
    UsageError
        If it is no condition on `COLUMNS`.
    """
    return condition(text, COLUMNS, "quality")


def refuse_quality(text: str | None) -> None:
    """Refuse a condition on images that came as an array.

    Raises
    ------
    UsageError
        If there is one.
    """
    if text is not None:
        raise UsageError("--quality is about files, and the images came as an array: leave it out")


def shortcomings(pixels: np.ndarray, shapes: np.ndarray, text: str) -> list[str | None]:
    """Say of each image why it is left out, by the measures that a condition looks at; None where it fulfils it."""
    columns = {name: values.tolist() for name, values in quality_of(pixels, shapes).items()}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    holds, named = asked_quality(text), [name for name in COLUMNS if re.search(rf"\b{name}\b", text)]
    return [None if holds(row) else LEFT_OUT + _figures(row, named) for row in rows]


def check_some_left(listing: Listing) -> None:
    """Refuse a condition that leaves no image of those that could be decoded.

    Raises
    ------
    DataError
        Names an example.
    """
    left_out = [file for file in listing.bad if file.reason.startswith(LEFT_OUT)]
    if listing.paths or not left_out:
        return
    path, reason = left_out[0]
    raise DataError(
        f"--quality={listing.quality}: leaves out all {len(left_out):,} images of {printable(str(listing.root))} "
        f"({printable(path)}: {reason.removeprefix(LEFT_OUT)}); ask for less"
    )


def quality_of(pixels: np.ndarray, shapes: np.ndarray) -> dict[str, np.ndarray]:
    """Measure decoded images as `quality` does, from their pixels and the shapes of their files."""
    return {**measures(pixels), "width": shapes[:, 1], "height": shapes[:, 0]}


def _figures(row: Mapping[str, float], names: list[str]) -> str:
    return ", ".join(f"{name} {row[name]:.4g}" for name in names)
