"""Decoding a folder: scan and load, against Keras' image_dataset_from_directory and a loop of cv2.imread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .measure import Figures, Part, Setup, count_files, median_seconds, new_folder, sampled
from .page import at_least, table

OWN, KERAS, LOOP = "scan and load", "image_dataset_from_directory", "cv2.imread"


def measure(setup: Setup) -> Figures:
    """Return images per second of each way for each folder."""
    from autoencoder.tensorflow_start import start_tensorflow

    start_tensorflow()
    rows = []
    for name, source, color in (("MNIST, PNG", setup.mnist, "grayscale"), ("CIFAR-10, JPEG", setup.cifar10, "rgb")):
        for part in ("test", "train"):
            folder = source / part
            if setup.quick:
                folder = sampled(folder, new_folder(setup.place) / "images", 20)
            images = count_files(folder)
            taken = median_seconds(_ways(folder, color), setup.rounds)
            rows.append({"data": name, "images": images} | {way: images / each for way, each in taken.items()})
            print(rows[-1], flush=True)
    return {"rows": rows}


def _ways(folder: Path, color: str) -> dict[str, Any]:
    import cv2
    import keras

    from autoencoder.data.listing import common_shape
    from autoencoder.data.load import load
    from autoencoder.data.scan import scan

    shape = common_shape(scan(folder))
    how = cv2.IMREAD_GRAYSCALE if color == "grayscale" else cv2.IMREAD_COLOR

    def by_keras() -> None:
        options = {"labels": None, "color_mode": color, "batch_size": 256, "image_size": shape, "shuffle": False}
        for _ in keras.utils.image_dataset_from_directory(folder, verbose=False, **options):
            pass

    def by_loop() -> None:
        for file in sorted(folder.glob("*/*")):
            cv2.imread(str(file), how)

    return {OWN: lambda: load(scan(folder), shape, color), KERAS: by_keras, LOOP: by_loop}


def page(figures: Figures) -> list[str]:
    """Return the table, and the bars."""
    rows = figures["rows"]
    keys = ("data", "images", OWN, KERAS, LOOP)
    lines = table(
        ["files", "images", *(f"{way}, images/s" for way in keys[2:])], [[row[k] for k in keys] for row in rows]
    )
    bars = [at_least(f"{row['images']:,} of {row['data']}, against Keras", row[OWN] / row[KERAS], 3.0) for row in rows]
    return [*lines, *bars, ""]


PART = Part("Decoding a folder", 2, measure, page)
