"""Make the sample in data/ again from Fashion-MNIST's idx files: `python scripts/make_sample.py FOLDER`.

FOLDER holds the four gzipped idx files, as Debian's package dataset-fashion-mnist installs them. The first 100
images of each class of the training set become data/train, the first 20 of each class of the test set data/valid.
"""

import gzip
import sys
from pathlib import Path

import cv2
import numpy as np

CLASSES = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot")


def read(path: Path, header: int) -> np.ndarray:
    """Return the bytes after an idx file's header."""
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)


def write(source: Path, part: str, target: Path, per_class: int) -> None:
    """Write the first `per_class` images of each class of `part` (train or t10k) as PNG files."""
    labels = read(source / f"{part}-labels-idx1-ubyte.gz", 8)
    images = read(source / f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)
    for number, name in enumerate(CLASSES):
        folder = target / name
        folder.mkdir(parents=True, exist_ok=True)
        for row in np.flatnonzero(labels == number)[:per_class]:
            (folder / f"{row:05d}.png").write_bytes(cv2.imencode(".png", images[row])[1].tobytes())


if __name__ == "__main__":
    write(Path(sys.argv[1]), "train", Path("data/train"), 100)
    write(Path(sys.argv[1]), "t10k", Path("data/valid"), 20)
