"""What a look at some of the images says before any work begins: what would be lost, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .decode import quiet_codecs
from .formats.common import BadImage
from .listing import Listing
from .load import content_of
from .values import read_values

#: So many images are looked at, evenly spread.
SAMPLE = 100
#: Images of 16 bits that use less than this share of what they could are told of.
_DIM = 0.5
#: Proportions that differ by more than this are told of where images are stretched.
_STRETCHED = 1.5
_PARTS = {
    *("train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval", "holdout"),
    *("train_set", "test_set", "trainset", "testset", "training_set", "validation_set"),
}


def sample_rows(count: int, most: int = SAMPLE) -> list[int]:
    """Return at most `most` of so many rows, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(int)).tolist() if count else []


def find_range(listing: Listing) -> tuple[float, float]:
    """Return the smallest and the largest value of a sample of the images: what `--range=auto` stands for.

    Values that are no finite numbers do not count. Where all are the same, the range goes up by one.
    """
    lows, highs = [], []
    for _, values in _sampled(listing, sample_rows(len(listing.paths))):
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        if finite.size:
            lows.append(float(finite.min()))
            highs.append(float(finite.max()))
    low, high = (min(lows), max(highs)) if lows else (0.0, 255.0)
    return (low, high) if low < high else (low, low + 1)


def _sampled(listing: Listing, rows: list[int]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the row and the stored colours of each of some images; those that can't be decoded are passed over."""
    if listing.pixels is not None:
        yield from ((row, listing.pixels[row]) for row in rows)
        return
    with quiet_codecs():
        for row in rows:
            try:
                values = read_values(content_of(listing, row), listing.headers[row])
            except BadImage:
                continue
            if values is not None:
                yield row, values[..., :3] if values.ndim == 3 else values


def notes(listing: Listing, image_shape: tuple[int, int]) -> list[str]:
    """Say what of the images is lost by the rules that they are read by.

    Parameters
    ----------
    listing : Listing
    image_shape : (int, int)
        The height and width that they are brought to.

    Returns
    -------
    list of str
        Sentences, each with what to do; none where nothing is lost.
    """
    found = [_on_parts(listing), _on_alpha(listing), _on_depth(listing), _on_shapes(listing, image_shape)]
    return [note for note in found if note is not None]


def _on_parts(listing: Listing) -> str | None:
    """Say where class folders are called as the parts of a data set are."""
    names = sorted(set(listing.labels or ()))
    if len(names) < 2 or not {name.lower() for name in names} <= _PARTS:
        return None
    return (
        f"{', '.join(names)}: these look like the parts of a data set, not like classes; to train on one of them and "
        f"validate on another, name both: --train_dir={listing.root}/{_named(names, 'train')} "
        f"--valid_dir={listing.root}/{_named(names, 'val')}"
    )


def _named(names: list[str], start: str) -> str:
    return next((name for name in names if name.lower().startswith(start)), names[-1])


def _on_alpha(listing: Listing) -> str | None:
    """Say where images carry transparency that is dropped, and whether their stored colours say anything."""
    clear = [row for row, header in enumerate(listing.headers) if header.alpha]
    if not clear or listing.rules.background is not None:
        return None
    chosen = [clear[place] for place in sample_rows(len(clear))]
    alike = all((values == values.reshape(-1, *values.shape[2:])[0]).all() for _, values in _sampled(listing, chosen))
    said = f"{len(clear):,} of {len(listing.headers):,} images carry transparency, which is dropped"
    if alike:
        return f"{said}, and their stored colours are all alike: --background=white draws them on white"
    return f"{said}; --background=white draws them on white"


def _on_depth(listing: Listing) -> str | None:
    """Say where images of 16 bits use little of what they could, and so turn out dark."""
    rows = [row for row in sample_rows(len(listing.headers)) if listing.headers[row].levels_stored > 255]
    if not rows or listing.rules.range is not None:
        return None
    found = [(int(values.max()), listing.headers[row].levels_stored) for row, values in _sampled(listing, rows)]
    if not found or max(high / most for high, most in found) >= _DIM:
        return None
    high, most = max(found)
    return (
        f"the brightest value in {len(found):,} images of 16 bits is {high:,} of {most:,}, so they are dark; "
        "--range=auto uses the whole range"
    )


def _on_shapes(listing: Listing, image_shape: tuple[int, int]) -> str | None:
    """Say where images are stretched to other proportions."""
    if listing.rules.fit != "stretch" or not len(listing.shapes):
        return None
    heights, widths = listing.shapes.T.astype(float)
    change = (heights / widths) / (image_shape[0] / image_shape[1])
    stretched = int((np.maximum(change, 1 / change) > _STRETCHED).sum())
    if not stretched:
        return None
    return (
        f"{stretched:,} of {len(change):,} images have other proportions than {image_shape[0]} x {image_shape[1]} by "
        f"more than {_STRETCHED:g} times and are stretched; --fit=pad or --fit=crop keeps their proportions"
    )


def all_one_color(pixels: np.ndarray) -> bool:
    """Whether no value of images, uint8 of shape (n, h, w, c), differs from the first pixel's, so that nothing is seen.

    Looks at the images one after the other, and stops where it sees something.
    """
    first = pixels[0, 0, 0]
    return all(bool((image == first).all()) for image in pixels)
