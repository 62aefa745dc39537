"""Decode a listing once, into memory or into a mapped file."""

import hashlib
import struct
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from threading import Lock

import numpy as np

from ..progress import Advance, stage
from ..sampling import evenly_spread
from .cache import DIGEST, Block, Refused, cache_file, open_cache, write_cache
from .decode import decode, fit, quiet_codecs
from .formats.common import BadImage, Header
from .listing import BadFile, Images, Listing, check_usable
from .memory import memory_plan
from .parallel import in_order, processors
from .quality import LEFT_OUT, check_some_left, shortcomings
from .reading import read
from .values import Stored, draw, read_stored

# What one thread does at a stretch: so many images at most, bytes of results, and pixels to decode.
_IMAGES_AT_ONCE, _BYTES_AT_ONCE, _PIXELS_AT_ONCE = 256, 2**22, 2**24
# From so many pixels an image on, several threads are faster than one.
_WORTH_A_THREAD, _MOST_THREADS = 2**15, 8
# Larger ones are decoded one after the other, lest several together take more memory than there is.
_LARGE_PIXELS, _LARGE_FILE = 2**24, 2**25
_ONE_LARGE_AT_A_TIME = Lock()
_OF_IDX = Header("idx", 1, 1, gray=True)


def load(
    listing: Listing,
    image_shape: tuple[int, int],
    color: str,
    *,
    max_bad: float = 0.5,
    memory_limit: int | None = None,
    cache_dir: Path | None = None,
) -> Images:
    """Decode every image of a listing to the shape and colour that a model takes.

    Images that fit into memory stay there; others are written to a file in `cache_dir`, named after all that
    decides about its content, mapped into memory, and used again the next time.

    Parameters
    ----------
    listing : Listing
        As `scan` returns it.
    image_shape : (int, int)
        Height and width.
    color : {"grayscale", "rgb"}
        One channel or three.
    max_bad : float in [0, 1]
        The highest share of files that may turn out unusable.
    memory_limit : int, optional
        The most bytes of images to keep in memory; by default half of what is available now.
    cache_dir : Path, optional
        Where the mapped file goes; by default ~/.cache/autoencoder.

    Returns
    -------
    Images
        Those that could be decoded, in the listing's order.

    Raises
    ------
    DataError
        If no image can be used, or too large a share of the files can't.
    DiskError
        If the mapped file can't be written.
    """
    check_usable(listing, max_bad)
    if listing.in_memory:
        return _as_they_are(listing)
    plan = memory_plan(len(listing.paths), image_shape, color, memory_limit)
    count = len(listing.paths)
    with quiet_codecs(), stage(f"decoding {count:,} images", count) as advance:
        if plan.mapped:
            folder = cache_dir or Path.home() / ".cache" / "autoencoder"
            found = _mapped(listing, image_shape, color, folder, advance)
        else:
            found = _in_memory(listing, image_shape, color, advance)
    # What a person leaves out is no fault of the files.
    usable = without_refused(listing, [each for each in found.refused if not each.reason.startswith(LEFT_OUT)])
    check_usable(usable, max_bad)
    kept = without_refused(listing, found.refused)
    check_some_left(kept)
    return Images(found.pixels, kept.paths, kept.labels, kept.bad, _sizes(kept), found.digests, kept.shapes)


def _as_they_are(listing: Listing) -> Images:
    """Return images that came as an array, which already have the wanted shape and colour."""
    assert listing.pixels is not None
    pixels = listing.pixels if listing.pixels.ndim == 4 else listing.pixels[..., None]
    digests = b"".join(hashlib.sha256(image.tobytes()).digest() for image in pixels)
    marks = np.frombuffer(digests, np.uint8).reshape(-1, DIGEST)
    return Images(pixels, listing.paths, listing.labels, (), _sizes(listing), marks, listing.shapes)


def _sizes(listing: Listing) -> np.ndarray:
    """Return how many bytes each image has: its file, or its pixels in an idx file."""
    return listing.stamps[:, 0] if listing.pixels is None else listing.shapes.prod(axis=1)


def is_grayscale(listing: Listing, sample: int = 100) -> bool:
    """Say whether an evenly spread sample of the images is without colour.

    A colour file counts as gray where its three channels agree everywhere. Files that can't be decoded don't count.
    """
    if listing.rules.fit == "pad" and _has_color(listing.rules.background):
        return False  # the border is coloured
    if listing.pixels is not None:
        return listing.pixels.ndim == 3
    rows = evenly_spread(len(listing.paths), sample).tolist()
    decoded = 0
    with quiet_codecs():
        for row in rows:
            try:
                if not _is_gray(listing, row):
                    return False
            except BadImage:
                continue  # loading will list it with its reason
            decoded += 1
    return decoded > 0


def _is_gray(listing: Listing, row: int) -> bool:
    header = listing.headers[row]
    if header.gray and not (header.alpha and _has_color(listing.rules.background)):
        return True
    content = content_of(listing, row)
    if header.deep:
        pixels = read_stored(content, header).values
    else:
        pixels = decode(content, header, rules=listing.rules._replace(range=None))
    return pixels.ndim == 2 or bool((pixels[..., 1:] == pixels[..., :1]).all())


def _has_color(background: tuple[int, int, int] | None) -> bool:
    return len(set(background or ())) > 1


def _in_memory(listing: Listing, image_shape: tuple[int, int], color: str, advance: Advance) -> Block:
    pixels = np.empty(_shape(listing, image_shape, color), np.uint8)
    digests = np.empty((len(pixels), DIGEST), np.uint8)
    refused: list[Refused] = []
    count = 0
    for block in decoded_blocks(listing, image_shape, color, advance):
        rows = slice(count, count + len(block.pixels))
        pixels[rows], digests[rows] = block.pixels, block.digests
        refused += block.refused
        count = rows.stop
    return Block(pixels[:count], refused, digests[:count])


def _mapped(listing: Listing, image_shape: tuple[int, int], color: str, folder: Path, advance: Advance) -> Block:
    path = cache_file(folder, listing, image_shape, color)
    shape = _shape(listing, image_shape, color)
    found = open_cache(path)
    if found is None or found.pixels.shape != (shape[0] - len(found.refused), *shape[1:]):
        write_cache(path, decoded_blocks(listing, image_shape, color, advance), shape)
        found = open_cache(path)
    assert found is not None, f"{path} vanished while it was in use"
    return found


def _shape(listing: Listing, image_shape: tuple[int, int], color: str) -> tuple[int, int, int, int]:
    return (len(listing.paths), *image_shape, 1 if color == "grayscale" else 3)


def decoded_blocks(listing: Listing, image_shape: tuple[int, int], color: str, advance: Advance) -> Iterator[Block]:
    """Decode the images of a listing, some at a time, in order; tell how many each time.

    Codecs write to the screen unless `quiet_codecs` is around it. What is refused is in the blocks.
    """
    count, *sides = _shape(listing, image_shape, color)
    mean_pixels = int(listing.shapes.prod(axis=1).mean())
    step = max(1, min(_IMAGES_AT_ONCE, _BYTES_AT_ONCE // prod(sides), _PIXELS_AT_ONCE // mean_pixels))
    chunks = (range(start, min(start + step, count)) for start in range(0, count, step))
    threads = min(processors(), _MOST_THREADS) if mean_pixels >= _WORTH_A_THREAD else 1
    for block in in_order(partial(_decode_rows, listing, image_shape, color), chunks, threads):
        advance(len(block.pixels) + len(block.refused))
        yield block


def kept_blocks(
    listing: Listing, image_shape: tuple[int, int], color: str, advance: Advance
) -> Iterator[tuple[list[int], Block]]:
    """Decode as `decoded_blocks`, of an empty listing too; give with each block the listing's rows of its pixels."""
    seen = 0
    for block in decoded_blocks(listing, image_shape, color, advance) if listing.paths else ():
        end, gone = seen + len(block.pixels) + len(block.refused), {row for row, _ in block.refused}
        yield [row for row in range(seen, end) if row not in gone], block
        seen = end


def _decode_rows(listing: Listing, image_shape: tuple[int, int], color: str, rows: range) -> Block:
    shape = _shape(listing, image_shape, color)
    pixels = np.empty((len(rows), *shape[1:]), np.uint8)
    refused: list[Refused] = []
    digests: list[bytes] = []
    for row in rows:
        try:
            pixels[len(digests)], digest = _image(listing, image_shape, color, row)
            digests.append(digest)
        except BadImage as error:
            refused.append(Refused(row, str(error)))
    marks = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, DIGEST)
    block = Block(pixels[: len(digests)], refused, marks)
    return block if listing.quality is None else _without_short(block, listing, rows)


def _without_short(block: Block, listing: Listing, rows: range) -> Block:
    """Leave out the images that fall short of the quality that is asked for."""
    assert listing.quality is not None
    gone = {row for row, _ in block.refused}
    decoded = np.array([row for row in rows if row not in gone], int)
    found = shortcomings(block.pixels, listing.shapes[decoded], listing.quality)
    short = [Refused(row, why) for row, why in zip(decoded.tolist(), found, strict=True) if why is not None]
    kept = np.array([why is None for why in found], bool)
    return Block(block.pixels[kept], [*block.refused, *short], block.digests[kept])


def _image(listing: Listing, image_shape: tuple[int, int], color: str, row: int) -> tuple[np.ndarray, bytes]:
    """Decode one image; return it with the SHA-256 of what it was decoded from."""
    if listing.pixels is not None:
        stored = listing.pixels[row]
        digest = hashlib.sha256(struct.pack(">2I", *stored.shape) + stored.tobytes()).digest()
        pixels = stored if listing.rules.range is None else draw(Stored(stored), _OF_IDX, listing.rules)
        return fit(pixels, image_shape, color, listing.rules), digest
    header = listing.headers[row]
    large = header.height * header.width > _LARGE_PIXELS or listing.stamps[row, 0] > _LARGE_FILE
    with _ONE_LARGE_AT_A_TIME if large else nullcontext():
        content = content_of(listing, row)
        pixels = decode(content, header, image_shape, listing.rules)
        return fit(pixels, image_shape, color, listing.rules, header.shape), hashlib.sha256(content).digest()


def content_of(listing: Listing, row: int) -> bytes:
    """Return the bytes of an image's file, which must be as it was when it was looked at.

    Raises
    ------
    BadImage
        If it is not, or can't be read.
    """
    content = listing.contents[row]
    if content is None:
        size, changed = map(int, listing.stamps[row])
        content = read(f"{listing.root}/{listing.paths[row]}", (size, changed))
    return content


def without_refused(listing: Listing, refused: list[Refused]) -> Listing:
    """Return a listing without the images that could not be decoded, which are then among its bad files."""
    if not refused:
        return listing
    gone = {row for row, _ in refused}
    kept = listing.take([row for row in range(len(listing.paths)) if row not in gone])
    bad = sorted({*listing.bad, *(BadFile(listing.paths[row], reason) for row, reason in refused)})
    return replace(kept, bad=tuple(bad))
