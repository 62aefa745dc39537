"""A made report: discs, squares and digits with two clusterings, for the tests and the benchmark of its page."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import checkout  # noqa: F401 - finds the package
import numpy as np
from PIL import Image, ImageDraw

KINDS = ("disc", "square", "digit")
CLUSTERS = 6


def typed(values: Any, dtype: str) -> dict[str, Any]:
    """Return an array as the page reads it."""
    numbers = np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<"))
    return {"dtype": dtype, "shape": list(numbers.shape), "data": base64.b64encode(numbers.tobytes()).decode()}


def picture(image: Image.Image, kind: str = "WEBP") -> str:
    """Return an image as an address that holds it."""
    file = io.BytesIO()
    image.save(file, kind, quality=80)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def thumbnails(count: int, tile: int, rng: np.random.Generator) -> list[Image.Image]:
    """Draw discs, squares and digits in turn, a hundred of each that differ."""
    from sklearn.datasets import load_digits

    digits = load_digits().images
    looks = []
    for look in range(min(count, 300)):
        image = Image.new("RGB", (tile, tile), (16, 16, 24))
        draw, colour = ImageDraw.Draw(image), tuple(int(value) for value in rng.integers(60, 256, 3))
        margin = int(rng.integers(1, tile // 3))
        box = (margin, margin, tile - margin - 1, tile - margin - 1)
        if look % 3 == 0:
            draw.ellipse(box, fill=colour)
        elif look % 3 == 1:
            draw.rectangle(box, fill=colour)
        else:
            digit = Image.fromarray((digits[look] * 15.9).astype(np.uint8))
            image = digit.resize((tile, tile), Image.Resampling.BILINEAR).convert("RGB")
        looks.append(image)
    return [looks[row % len(looks)] for row in range(count)]


def sheets(tiles: list[Image.Image], tile: int, columns: int, rows: int) -> list[str]:
    """Lay tiles out in sheets."""
    found = []
    for start in range(0, len(tiles), columns * rows):
        part = tiles[start : start + columns * rows]
        sheet = Image.new("RGB", (columns * tile, -(-len(part) // columns) * tile))
        for at, image in enumerate(part):
            sheet.paste(image, (at % columns * tile, at // columns * tile))
        found.append(picture(sheet))
    return found


def made_report(count: int = 300, tile: int = 32, seed: int = 0, side: int = 4096) -> dict[str, Any]:
    """Return the data of a report of `count` made images in three classes, two clusters each.

    `side` is the width of a sheet of thumbnails, in pixels.
    """
    rng = np.random.default_rng(seed)
    kinds = np.arange(count) % 3
    labels = kinds * 2 + rng.integers(0, 2, count)
    angle = labels * (2 * np.pi / CLUSTERS)
    xy = np.stack([np.cos(angle), np.sin(angle)], 1) * 0.33 + 0.5 + rng.normal(0, 0.055, (count, 2))
    xy = np.clip(xy, 0, 1)
    confidence = rng.uniform(0.2, 1, count)
    other = np.where(rng.uniform(size=count) < 0.1, (labels + 1) % CLUSTERS, labels)
    tiles = thumbnails(count, tile, rng)
    columns = min(side // tile, max(1, int(np.ceil(np.sqrt(count)))))
    near = (np.arange(count)[:, None] + 6 * np.arange(1, 13)[None]) % count
    first = [picture(image.resize((64, 64))) for image in tiles[:12]]
    tree = [[0, 1, 0.5, 2], [2, 3, 0.7, 2], [4, 5, 0.8, 2], [6, 7, 1.5, 4], [8, 9, 2.0, 6]]
    return {
        "version": 1,
        "title": "ae_20261130_101500",
        "program": "flexae 0.1.0",
        "command": "flexae report ae_20261130_101500",
        "sentences": [
            f"{count:,} images of discs, squares and digits form {CLUSTERS} groups by what a network sees in them.",
            "The groups can be trusted: two trainings agree on 94 of 100 images, and 8 of the 10 numbers are used.",
            "3 files were left out, because they could not be read.",
        ],
        "warnings": ["Cluster 5 is small and changes from training to training."],
        "left_out": {"count": 3, "files": [{"path": f"bad/{at}.png", "reason": "is no image"} for at in range(3)]},
        "settings": {
            "data": {"train_dir": "data/train", "image_shape": "[32, 32, 3]"},
            "architecture": {"dims": "10"},
        },
        "scores": {"valid_mse": 0.0123, "pca_mse": 0.0211, "dead_dims": 2},
        "history": {
            "epoch": list(range(1, 11)),
            "columns": {
                "loss": [0.4 / epoch for epoch in range(1, 11)],
                "val_loss": [0.42 / epoch + 0.002 * epoch for epoch in range(1, 11)],
                "learning_rate": [0.001] * 10,
            },
            "best_epoch": 9,
        },
        "pictures": [
            {
                "title": "Validation images and their reconstructions",
                "alt": "Two rows of images",
                "src": picture(tiles[0].resize((200, 100))),
            }
        ],
        "images": {
            "count": count,
            "paths": [f"{KINDS[kind]}/{row:05d}.png" for row, kind in enumerate(kinds)],
            "root": "/data/made",
            "classes": {"names": list(KINDS), "of": typed(kinds, "int32")},
            "error": typed(rng.gamma(2, 0.01, count), "float32"),
            "xy": typed(xy, "float32"),
            "neighbours": {"k": 12, "of": typed(near, "uint32")},
            "quality": {
                "sharpness": typed(rng.gamma(2, 30, count), "float32"),
                "brightness": typed(rng.uniform(0, 1, count), "float32"),
            },
            "atlas": {
                "tile": tile,
                "columns": columns,
                "rows": side // tile,
                "sheets": sheets(tiles, tile, columns, side // tile),
            },
            "missing": [count - 1],
        },
        "clusterings": [
            {
                "name": "kmeans_k6",
                "method": "kmeans",
                "k": CLUSTERS,
                "fingerprint": "0123456789abcdef",
                "scores": {"silhouette": 0.41, "agreement": 0.94},
                "labels": typed(labels, "int32"),
                "confidence": typed(confidence, "float32"),
                "names": {"0": "small disc"},
                "tree": tree,
            },
            {
                "name": "gmm_k6",
                "method": "gmm",
                "k": CLUSTERS,
                "fingerprint": "fedcba9876543210",
                "scores": {"silhouette": 0.37},
                "labels": typed(other, "int32"),
                "confidence": typed(confidence[::-1], "float32"),
                "names": {},
            },
        ],
        "worst": [
            {"row": row, "error": 0.1 - row / 1000, "original": image, "reconstruction": image}
            for row, image in enumerate(first)
        ],
        "walk": {"from": 0, "to": 3, "steps": first[:9]},
        "numbers": [{"number": at, "low": -1.25, "high": 3.5, "steps": first[:9]} for at in range(4)],
        "duplicates": [[0, 6, 12], [1, 7]],
        "outliers": list(range(2, min(count, 40), 3)),
    }


def write_made(path: Path, data: dict[str, Any]) -> Path:
    """Write a report's page and return its path."""
    from autoencoder.page.template import write_page

    write_page(data, path)
    return path
