"""What a page shows, as plain values that JSON can hold; nothing here knows how it will look."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .atlas import atlas, data_uri, shown

VERSION = 1
#: So many of the files that were left out are named.
NAMED = 200
#: A page of so many images, or fewer, stays under so many bytes; of more, in proportion.
_COUNTS, _BYTES = (10_000, 70_000), (15_000_000, 40_000_000)
#: Bytes for the program of the page, and for what a sample of thumbnails says too little of.
_RESERVE, _SHARE = 300_000, 0.92


class Grouping(NamedTuple):
    """A clustering of the images: `labels` and `confidence` of shape (n,), `tree` a linkage of its centres."""

    name: str
    method: str
    k: int
    fingerprint: str
    scores: Mapping[str, Any]
    labels: np.ndarray
    confidence: np.ndarray
    names: Mapping[int, str]
    tree: np.ndarray | None = None
    #: Float array of shape (n, d), of `vectors`: distances to the own centre.
    distances: np.ndarray | None = None
    seed: int = 1


class Rebuilt(NamedTuple):
    """An image beside what the network makes of it; both uint8."""

    row: int
    error: float
    original: np.ndarray
    reconstruction: np.ndarray


class Walk(NamedTuple):
    """Images, uint8, that are decoded on the straight line between the embeddings of two."""

    start: int
    end: int
    steps: np.ndarray


class Sweep(NamedTuple):
    """Images, uint8, that are decoded while one number of the embedding goes from low to high."""

    number: int
    low: float
    high: float
    steps: np.ndarray


class Picture(NamedTuple):
    """A picture that a run has left; `pixels` are uint8."""

    title: str
    alt: str
    pixels: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class Shown:
    """The images of a page, and what is known of each.

    Attributes
    ----------
    pixels : uint8 array of shape (n, height, width, channels)
    paths : sequence of str, n of them
        Below `root`.
    labels : sequence of str, n of them, or None
        Class folders.
    errors : float array of shape (n,), or None
    points : float array of shape (n, 2)
        Places on the map.
    neighbours : int array of shape (n, k)
        Rows of the nearest others, the nearest first.
    quality : mapping from a name to a float array of shape (n,)
    """

    pixels: Any
    paths: Sequence[str]
    root: str
    labels: Sequence[str] | None
    errors: np.ndarray | None
    points: np.ndarray
    neighbours: np.ndarray
    quality: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, kw_only=True)
class Found:
    """All that a page shows of a run."""

    title: str
    program: str
    command: str
    sentences: Sequence[str]
    warnings: Sequence[str]
    left_out: Sequence[tuple[str, str]]
    settings: Mapping[str, Mapping[str, Any]]
    scores: Mapping[str, Any]
    images: Shown
    history: Mapping[str, Sequence[float]] = field(default_factory=dict)
    best_epoch: int | None = None
    pictures: Sequence[Picture] = ()
    clusterings: Sequence[Grouping] = ()
    worst: Sequence[Rebuilt] = ()
    walk: Walk | None = None
    sweeps: Sequence[Sweep] = ()
    duplicates: Sequence[Sequence[int]] = ()
    outliers: Sequence[int] = ()


def summarize(found: Found) -> dict[str, Any]:
    """Return what a page shows as a dictionary that JSON can hold.

    Thumbnails take what the rest leaves of the bytes that the page may have.

    Parameters
    ----------
    found : Found

    Returns
    -------
    dict
        Arrays are dictionaries of dtype, shape and data, little endian in base64. What there is not is left out.
    """
    data: dict[str, Any] = {
        "version": VERSION,
        "title": found.title,
        "program": found.program,
        "command": found.command,
        "sentences": list(found.sentences),
        "warnings": list(found.warnings),
        "left_out": {
            "count": len(found.left_out),
            "files": [{"path": path, "reason": reason} for path, reason in found.left_out[:NAMED]],
        },
        "settings": {name: _texts(section) for name, section in found.settings.items()},
        "scores": _plain(found.scores),
        "pictures": [{"title": each.title, "alt": each.alt, "src": data_uri(each.pixels)} for each in found.pictures],
        "images": _images(found.images),
        "clusterings": [_clustering(each) for each in found.clusterings],
        "worst": [_rebuilt(each) for each in found.worst],
        "duplicates": [list(map(int, rows)) for rows in found.duplicates],
        "outliers": list(map(int, found.outliers)),
    }
    if found.history:
        columns = {name: [_number(each) for each in values] for name, values in found.history.items()}
        epochs = columns.pop("epoch", None) or list(range(1, len(next(iter(columns.values()), [])) + 1))
        data["history"] = {"epoch": epochs, "columns": columns, "best_epoch": found.best_epoch}
    if found.walk is not None:
        data["walk"] = {"from": found.walk.start, "to": found.walk.end, "steps": _steps(found.walk.steps)}
    if found.sweeps:
        data["numbers"] = [
            {"number": each.number, "low": each.low, "high": each.high, "steps": _steps(each.steps)}
            for each in found.sweeps
        ]
    room = most_bytes(len(found.images.paths)) - len(json.dumps(data)) - _RESERVE
    data["images"]["atlas"] = atlas(found.images.pixels, int(room * _SHARE))
    return data


def most_bytes(count: int) -> int:
    """Return how many bytes a page of so many images may have.

    Examples
    --------
    >>> most_bytes(10), most_bytes(40_000), most_bytes(1_000_000)
    (15000000, 27500000, 40000000)
    """
    return int(np.interp(count, _COUNTS, _BYTES))


def typed(values: Any, dtype: str) -> dict[str, Any]:
    """Return an array as JSON holds it.

    Examples
    --------
    >>> typed([1, 2], "uint16")
    {'dtype': 'uint16', 'shape': [2], 'data': 'AQACAA=='}
    """
    array = np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<"))
    return {"dtype": dtype, "shape": list(array.shape), "data": base64.b64encode(array.data).decode("ascii")}


def _images(images: Shown) -> dict[str, Any]:
    neighbours = {"k": images.neighbours.shape[1], "of": typed(images.neighbours, "uint32")}
    data: dict[str, Any] = {
        "count": len(images.paths),
        "paths": list(images.paths),
        "root": images.root,
        "xy": typed(_in_unit_square(images.points), "float32"),
        "neighbours": neighbours,
    }
    if images.labels is not None:
        names, of = np.unique(np.array(images.labels, object).astype(str), return_inverse=True)
        data["classes"] = {"names": names.tolist(), "of": typed(of, "int32")}
    if images.errors is not None:
        data["error"] = typed(images.errors, "float32")
    if images.quality:
        data["quality"] = {name: typed(values, "float32") for name, values in images.quality.items()}
    return data


def _in_unit_square(points: np.ndarray) -> np.ndarray:
    """Move points into the unit square without changing their proportions."""
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0)
    longest = float((high - low).max())
    moved = (points - (low + high) / 2) / (longest or 1.0) + 0.5
    return np.clip(moved, 0.0, 1.0)


def _clustering(found: Grouping) -> dict[str, Any]:
    data = {
        "name": found.name,
        "method": found.method,
        "k": found.k,
        "fingerprint": found.fingerprint,
        "scores": _plain(found.scores),
        "labels": typed(found.labels, "int32"),
        "confidence": typed(np.clip(found.confidence, 0, 1), "float32"),
        "names": {str(number): name for number, name in found.names.items()},
    }
    if found.tree is not None:
        rows = found.tree.tolist()
        data["tree"] = [[int(one), int(other), height, int(size)] for one, other, height, size in rows]
    return data


def _rebuilt(found: Rebuilt) -> dict[str, Any]:
    original, reconstruction = (data_uri(shown(each)) for each in (found.original, found.reconstruction))
    return {"row": found.row, "error": found.error, "original": original, "reconstruction": reconstruction}


def _steps(images: np.ndarray) -> list[str]:
    return [data_uri(shown(each)) for each in images]


def _texts(section: Mapping[str, Any]) -> dict[str, str]:
    return {name: "none" if value is None else _text(value) for name, value in section.items()}


def _text(value: Any) -> str:
    return f"[{', '.join(map(_text, value))}]" if isinstance(value, list | tuple) else str(value)


def _plain(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scores that are one number or one text; JSON has no NaN."""
    kept = {name: value for name, value in scores.items() if isinstance(value, bool | int | float | str)}
    return {name: _number(value) if isinstance(value, float) else value for name, value in kept.items()}


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
