"""What a look at some of the images says before any work begins: what would be lost, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from ..sampling import evenly_spread
from .decode import checked, quiet_codecs
from .formats.common import BadImage, Header
from .listing import Listing, printable
from .load import content_of
from .values import Stored, read_stored

#: So many images are looked at, evenly spread.
SAMPLE = 100
#: Images that use less than this share of what they could are told of.
_DIM_16_BITS, _DIM_8_BITS = 0.5, 0.1
#: Colours above this share of white are drawn on black.
_BRIGHT = 0.5
#: Proportions that differ by more than this are told of where images are stretched.
_STRETCHED = 1.5
#: What the parts of a data set are called, the one to learn from first.
_PARTS = (
    re.compile(r"(train|training)([ _.-]?(set|data|images?|split))?"),
    re.compile(r"(val|valid|validation|dev|eval|holdout)([ _.-]?(set|data|images?|split))?"),
    re.compile(r"(test|testing)([ _.-]?(set|data|images?|split))?"),
)


def sample_rows(count: int, most: int = SAMPLE) -> list[int]:
    """Return at most `most` of so many rows, evenly spread, the first and the last among them."""
    return evenly_spread(count, most).tolist()


def find_range(listing: Listing) -> tuple[float, float]:
    """Return the smallest and the largest value of a sample of the images: what `--range=auto` stands for.

    Values that are no finite numbers do not count, nor those of which nothing is seen because a background covers
    them. Where all are the same, the range goes up by one.
    """
    lows, highs = [], []
    for _, stored in _sampled(listing, sample_rows(len(listing.paths))):
        values = stored.values
        if stored.alpha is not None and listing.rules.background is not None:
            values = values[stored.alpha > 0]
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        if finite.size:
            lows.append(float(finite.min()))
            highs.append(float(finite.max()))
    low, high = (min(lows), max(highs)) if lows else (0.0, 255.0)
    return (low, high) if low < high else (low, low + 1)


def _sampled(listing: Listing, rows: list[int]) -> Iterator[tuple[int, Stored]]:
    """Yield the row and the stored values of each of some images; those that can't be decoded are passed over."""
    if listing.pixels is not None:
        yield from ((row, Stored(listing.pixels[row])) for row in rows)
        return
    with quiet_codecs():
        for row in rows:
            try:
                header, content = listing.headers[row], content_of(listing, row)
                yield row, read_stored(checked(content, header), header, listing.rules.background is not None)
            except BadImage:
                continue  # loading lists it with its reason


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
    found = [_on_parts(listing), _on_alpha(listing), _on_depth(listing), _on_mixed_depth(listing)]
    found.append(_on_shapes(listing, image_shape))
    return [note for note in found if note is not None]


def _on_parts(listing: Listing) -> str | None:
    """Say where class folders are called as the parts of a data set are."""
    names = sorted(set(listing.labels or ()))
    parts = {name: part for name in names for part, called in enumerate(_PARTS) if called.fullmatch(name.lower())}
    if len(parts) < len(names) or len(set(parts.values())) < 2:
        return None
    learn, judge = sorted(names, key=parts.__getitem__)[:2]
    root = printable(str(listing.root))
    return (
        f"{', '.join(map(printable, names))}: these look like the parts of a data set, not like classes; to train on "
        f"one of them and validate on another, name both: --train_dir={root}/{learn} --valid_dir={root}/{judge}"
    )


def _on_alpha(listing: Listing) -> str | None:
    """Say where images carry transparency that is dropped, and whether their stored colours say anything."""
    clear = [row for row, header in enumerate(listing.headers) if header.alpha]
    if not clear or listing.rules.background is not None:
        return None
    looked, seen = 0, []
    for row, stored in _sampled(listing, [clear[place] for place in sample_rows(len(clear))]):
        looked += 1
        if stored.alpha is not None and (stored.alpha < listing.headers[row].levels_stored).any():
            seen.append(_one_color(stored.values, listing.headers[row]))
    if not seen:
        return None  # all of it is opaque
    of = f"{len(listing.headers):,} images" if looked == len(clear) else f"{looked:,} images that were looked at"
    alike = [share for share in seen if share is not None]
    color = "black" if len(alike) == len(seen) and max(alike) > _BRIGHT else "white"
    colors = ", and their stored colours are all alike: " if len(alike) == len(seen) else "; "
    return (
        f"{len(seen):,} of {of} carry transparency, which is dropped{colors}--background={color} draws them on {color}"
    )


def _one_color(values: np.ndarray, header: Header) -> float | None:
    """Return how bright an image is where it is of one colour all over, from 0 to 1; else None."""
    return float(values[0, 0].max()) / header.levels_stored if (values == values[0, 0]).all() else None


def _on_depth(listing: Listing) -> str | None:
    """Say where images use little of the numbers that they could, and so turn out dark or of one gray."""
    if listing.rules.range is not None:
        return None
    lows, highs, bits = [], [], set()
    for row, stored in _sampled(listing, sample_rows(len(listing.paths))):
        most = listing.headers[row].levels_stored if listing.headers else 255
        lows.append(int(stored.values.min()))
        highs.append(int(stored.values.max()))
        bits.add(most)
        low, high = (min(lows), max(highs)) if most > 255 else (0, max(highs))
        if high - low >= most * (_DIM_16_BITS if most > 255 else _DIM_8_BITS):
            return None  # nearly always the first image
    if len(bits) != 1 or min(lows) == max(highs):
        return None  # of one colour: that is told of elsewhere
    return _dim(len(highs), low, high, most)


def _on_mixed_depth(listing: Listing) -> str | None:
    """Say where images of 16 bits are dark beside others of 8 bits, which one range cannot serve."""
    deep = [row for row, header in enumerate(listing.headers) if header.levels_stored > 255]
    if not deep or len(deep) == len(listing.headers) or listing.rules.range is not None:
        return None
    found = list(_sampled(listing, [deep[place] for place in sample_rows(len(deep))]))
    most = max(listing.headers[row].levels_stored for row in deep)
    high = max((int(stored.values.max()) for _, stored in found), default=most)
    if high >= most * _DIM_16_BITS:
        return None
    return (
        f"{len(deep):,} of {len(listing.headers):,} images have 16 bits, and the brightest value in them is {high:,} "
        f"of {most:,}: they are dark beside the others, and no --range serves both; save them with 8 bits, or put them "
        "into a folder of their own"
    )


def _dim(count: int, low: int, high: int, most: int) -> str:
    images, do = f"{count:,} images of {most.bit_length()} bits", "--range=auto uses the whole range"
    if low > most // 4:
        return f"the values in {images} are from {low:,} to {high:,} of {most:,}, so they are of nearly one gray; {do}"
    return f"the brightest value in {images} is {high:,} of {most:,}, so they are dark; {do}"


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
    first = pixels[0][0, 0]
    return all(bool((image == first).all()) for image in pixels)
