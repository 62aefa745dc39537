"""Embeddings of a folder of images: vectors that never lose the names of their files."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ..data.listing import BadFile, Images, Listing, common_shape
from ..data.load import is_grayscale, load
from ..data.notes import notes
from ..data.source import ImageSource
from ..errors import DataError
from ..files import replacing
from ..model.encoder import Encoder

log = logging.getLogger("autoencoder")


@dataclass(frozen=True, eq=False)
class Embeddings:
    """The embedding of every usable image of a source; NumPy and scikit-learn take it as the array of its vectors.

    Attributes
    ----------
    vectors : float32 array of shape (n, width)
    paths : tuple of str, n of them
        Relative to the source's root; of an array's images "#000000" and so on.
    labels : tuple of str, n of them, or None
        Class folders, where the images lie in class folders.
    source : ImageSource
    bad : tuple of BadFile
        The files that could not be used.
    """

    vectors: np.ndarray
    paths: tuple[str, ...]
    labels: tuple[str, ...] | None
    source: ImageSource
    bad: tuple[BadFile, ...] = ()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.vectors, dtype, copy=copy)

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def shape(self) -> tuple[int, ...]:
        """Images and width."""
        return self.vectors.shape


def embed(encoder: Encoder, source: ImageSource, listing: Listing, cache_dir: Path) -> tuple[Embeddings, Images]:
    """Decode every image that was found in a source, and encode it; say what the encoder's shape changes in them.

    Returns
    -------
    (Embeddings, Images)
        The embeddings, and the decoded images that they are of.

    Raises
    ------
    DataError
        If there is no usable image, or an embedding is not a number.
    """
    log_changes(listing, encoder)
    for note in notes(listing, encoder.image_shape):
        log.info(f"note: {note}")
    images = load(listing, encoder.image_shape, encoder.color, max_bad=source.max_bad, cache_dir=cache_dir)
    return embed_images(encoder, source, images), images


def embed_images(encoder: Encoder, source: ImageSource, images: Images) -> Embeddings:
    """Encode decoded images of a source.

    Raises
    ------
    DataError
        If an embedding is not a number.
    """
    vectors = encode(encoder, images.pixels)
    check_numbers(encoder, vectors, images.paths)
    return Embeddings(vectors, images.paths, images.labels, source, images.bad)


def check_numbers(encoder: Encoder, vectors: np.ndarray, paths: Sequence[str]) -> None:
    """Refuse embeddings that are not numbers; raises DataError."""
    wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(wrong):
        raise DataError(
            f"{encoder.path}: the embedding of {paths[wrong[0]]} (and of {len(wrong) - 1} others) is not a "
            "number; train the encoder again with a smaller --learning_rate"
        )


def log_changes(listing: Listing, encoder: Encoder) -> None:
    """Say a note where images of one size are resized, or lose their colour, to fit the encoder."""
    shape = common_shape(listing)
    fades = encoder.channels == 1 and not is_grayscale(listing)
    if shape in (None, encoder.image_shape) and not fades:
        return
    found = ("" if shape is None else f" of {_by(shape)}") + (" in colour" if fades else "")
    taken = _by(encoder.image_shape) + (" in gray" if fades else "")
    log.info(f"note: images{found} are made {taken}, which {encoder.path} takes")


def _by(shape: tuple[int, int]) -> str:
    return " x ".join(map(str, shape))


def encode(encoder: Encoder, pixels: np.ndarray) -> np.ndarray:
    """Encode decoded images, uint8 of shape (n, height, width, channels), to float32 vectors of shape (n, width)."""
    vectors = np.empty((len(pixels), encoder.width), np.float32)
    for start in range(0, len(pixels), encoder.batch):
        rows = slice(start, start + encoder.batch)
        vectors[rows] = encoder.apply(pixels[rows].astype(np.float32) / np.float32(255))
    return vectors


def write_parquet(embeddings: Embeddings, path: Path, more: Mapping[str, np.ndarray] = MappingProxyType({})) -> None:
    """Write a table of one row an image: path, label (where there are class folders), e0, e1, ..., and `more` columns.

    Where a path or a label is no UTF-8, which text in Parquet must be, its column holds bytes, as the disk has them.

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    import pandas

    columns = {"path": _texts(embeddings.paths)}
    if embeddings.labels is not None:
        columns["label"] = _texts(embeddings.labels)
    table = pandas.DataFrame(columns).join(
        pandas.DataFrame(embeddings.vectors, columns=[f"e{i}" for i in range(embeddings.vectors.shape[1])])
    )
    table = table.assign(**more)
    with replacing(path) as temporary:
        table.to_parquet(temporary, index=False)


def _texts(names: Sequence[str]) -> Sequence[str] | list[bytes]:
    try:
        "".join(names).encode()
    except UnicodeEncodeError:
        return [name.encode("utf-8", "surrogateescape") for name in names]
    return names


def write_npy(embeddings: Embeddings, path: Path) -> None:
    """Write the vectors alone, as NumPy's own file.

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    with replacing(path) as temporary:
        np.save(temporary, embeddings.vectors, allow_pickle=False)
