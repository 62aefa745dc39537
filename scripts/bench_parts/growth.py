"""How time and memory grow with the number of images: of run, encode, k-means, and a clustering's pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from .draw import growth
from .measure import Figures, Part, Ran, Setup, flexae, new_folder, run, slope
from .page import at_most, shown, table

SIZES, QUICK = (1_000, 10_000, 100_000, 1_000_000), (100, 200, 300)
STAGE = (sys.executable, "-m", "bench_parts.stage")
#: Why a line is not straight.
REASONS = (
    "`run` and `encode` begin with TensorFlow's import, which small folders pay as well.",
    "k-means looks for its start in a sample of 10,000 vectors; only the last steps see all of them.",
    "The pictures begin by compiling UMAP, and draw at most 20,000 points in two dimensions: beyond, little is added.",
)


def measure(setup: Setup) -> Figures:
    """Return a list of [images, seconds, bytes] for each step; all but encode and k-means leave out the last size."""
    sizes = QUICK if setup.quick else SIZES
    place = new_folder(setup.place)
    found: dict[str, list[Any]] = {"run": [], "encode": [], "k-means": [], "pictures": []}

    def note(step: str, ran: Ran, seconds: float) -> None:
        found[step].append([size, seconds, ran.peak])
        print(step, *found[step][-1], flush=True)

    for size in sizes:
        images, vectors, labels = place / f"{size}-images-idx3-ubyte", place / f"{size}.npy", place / "labels.npy"
        folder = [place / str(size)] if size < sizes[-1] else []
        # In a process of its own: what this one had held would count as the memory of those that it starts.
        run([*STAGE, "grow", setup.mnist / "train", 20 if setup.quick else 10_000, size, images, *folder], setup.place)
        if folder:
            command = [f"--train_dir={folder[0]}", "--train_epochs=1", f"--save_dir={place / f'run{size}'}"]
            ran = flexae(setup.place, "run", *command)
            note("run", ran, ran.wall)
        first = place / f"run{sizes[0]}"
        ran = flexae(setup.place, "encode", first, f"--images={images}", "--npy")
        note("encode", ran, ran.wall)
        next((first / "embeddings").glob("*.npy")).rename(vectors)
        ran = run([*STAGE, "kmeans", vectors, labels], setup.place)
        note("k-means", ran, float(ran.lines[-1][1].split()[-1]))
        if folder:
            ran = run([*STAGE, "pictures", vectors, images, new_folder(place)], setup.place)
            note("pictures", ran, float(ran.lines[-1][1].split()[-1]))
    return found


def make(source: Path, most: int, count: int, images: Path, folder: Path | None) -> None:
    """Write `count` images to an idx file, and to PNG files in a new folder; made of `most` of each class of MNIST."""
    from autoencoder.data.idx import write_idx
    from autoencoder.data.load import load
    from autoencoder.data.scan import scan

    pixels = grown(load(scan(source, max_images=most), (28, 28), "grayscale").pixels[..., 0], count)
    write_idx(images, pixels)
    if folder is not None:
        _png_files(pixels, folder)


def grown(base: np.ndarray, count: int) -> np.ndarray:
    """Return `count` images: those of `base` in a shuffled order, and then again, each time shifted otherwise."""
    order = np.random.default_rng(1).permutation(len(base))
    shifts = [(down, right) for down in (0, 1, -1, 2, -2) for right in (0, 1, -1, 2, -2)]
    rounds = [np.roll(base[order], shifts[number], (1, 2)) for number in range(-(-count // len(base)))]
    return np.concatenate(rounds)[:count]


def _png_files(pixels: np.ndarray, folder: Path) -> None:
    import cv2

    folder.mkdir()
    for number, image in enumerate(pixels):
        cv2.imwrite(str(folder / f"{number:06d}.png"), image)


def page(figures: Figures) -> list[str]:
    """Return the table, and what the slopes are."""
    sizes = [size for size, *_ in figures["encode"]]
    rows = []
    for step, points in figures.items():
        for what, column, unit in (("seconds", 1, 1.0), ("memory, MB", 2, 1e-6)):
            values = [point[column] * unit for point in points]
            row = [f"{step}, {what}", *values, *[""] * (len(sizes) - len(points))]
            rows.append([*row, slope(sizes[: len(values)], values)])
    lines = table(["step", *(f"{shown(size)} images" for size in sizes), "slope at the end"], rows)
    for row in rows[::2]:
        lines.append(at_most(f"{row[0]}: slope", row[-1], 1.1, "(1 is linear)"))
    return [*lines, "", *REASONS, "", "![time and memory over the number of images](pictures/growth.png)", ""]


def draw(figures: Figures, folder: Path) -> None:
    """Draw the lines."""
    panels: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for what, column, unit in (("seconds, over the number of images", 1, 1.0), ("peak memory in MB", 2, 1e-6)):
        lines = panels[what] = {}
        for step, points in figures.items():
            sizes, values = [point[0] for point in points], [point[column] * unit for point in points]
            lines[f"{step}, slope {slope(sizes, values):.2f}"] = list(zip(sizes, values, strict=True))
    growth("Growth with the number of images", panels, folder / "growth.png")


PART = Part("Growth", 9, measure, page, draw)
