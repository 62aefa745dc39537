"""Make folders of known images, one a class: `python scripts/make_panel.py FOLDER digits fashion fashion_all`.

`digits` are scikit-learn's; `fashion` is 10,000 images of Fashion-MNIST's training set, and `fashion_all` all 70,000:
`--fashion` names the folder with the four gzipped idx files. `mnist` and `cifar10` are 10,000 images of the folders
with one subfolder a class that `--mnist` and `--cifar10` name, as symbolic links.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from make_sample import CLASSES, read
from sklearn.datasets import load_digits

PER_CLASS = 1000


def spread(count: int, wanted: int) -> np.ndarray:
    """Return `wanted` row numbers, spread evenly over `count` rows; all of them where there are fewer."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).astype(int))


def write(folder: Path, name: str, images: np.ndarray, rows: np.ndarray) -> None:
    """Write some of the images as PNG files that are named after their rows."""
    folder.mkdir(parents=True, exist_ok=True)
    for row in rows:
        (folder / f"{name}{row:05d}.png").write_bytes(cv2.imencode(".png", images[row])[1].tobytes())


def digits(folder: Path, given: argparse.Namespace) -> None:
    """Write the 1,797 digits of 8x8 pixels, levels 0 to 16 stretched to 0 to 255."""
    found = load_digits()
    images = np.rint(found.images * 255 / 16).astype(np.uint8)
    for number in range(10):
        write(folder / str(number), "", images, np.flatnonzero(found.target == number))


def write_fashion(folder: Path, source: Path, part: str, per_class: int) -> None:
    """Write up to `per_class` images a class of `part` (train or t10k)."""
    labels = read(source / f"{part}-labels-idx1-ubyte.gz", 8)
    images = read(source / f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)
    for number, name in enumerate(CLASSES):
        rows = np.flatnonzero(labels == number)
        write(folder / name, f"{part}_", images, rows[spread(len(rows), per_class)])


def fashion(folder: Path, given: argparse.Namespace) -> None:
    """Write 1,000 images a class of the training set."""
    write_fashion(folder, given.fashion, "train", PER_CLASS)


def fashion_all(folder: Path, given: argparse.Namespace) -> None:
    """Write all images, those of the test set too."""
    for part in ("train", "t10k"):
        write_fashion(folder, given.fashion, part, 10**6)


def link(folder: Path, source: Path) -> None:
    """Link 1,000 files of each class of `source`, spread evenly over its sorted names."""
    for kind in sorted(each for each in source.iterdir() if each.is_dir()):
        files = sorted(kind.iterdir())
        (folder / kind.name).mkdir(parents=True)
        for row in spread(len(files), PER_CLASS):
            (folder / kind.name / files[row].name).symlink_to(files[row].resolve())


#: The sets that can be made, and how; an option of the same name, but for `_all`, names the source.
SETS: dict[str, Callable[[Path, argparse.Namespace], None]] = {
    "digits": digits,
    "fashion": fashion,
    "fashion_all": fashion_all,
    "mnist": lambda folder, given: link(folder, given.mnist),
    "cifar10": lambda folder, given: link(folder, given.cifar10),
}


def main() -> None:
    """Read the command line and make the sets."""
    parser = argparse.ArgumentParser(description="Make folders of known images, one a class.")
    parser.add_argument("folder", type=Path, help="where the new folders are made")
    parser.add_argument("sets", nargs="+", choices=SETS)
    for name in ("fashion", "mnist", "cifar10"):
        parser.add_argument(f"--{name}", type=Path, metavar="SOURCE")
    given = parser.parse_args()
    for name in given.sets:
        source = name.removesuffix("_all")
        if getattr(given, source, True) is None:
            parser.error(f"{name} needs its source: --{source}=FOLDER")
        if (given.folder / name).exists():
            parser.error(f"{given.folder / name} is there already; delete it or name another folder")
        SETS[name](given.folder / name, given)
        print(f"{name}: {sum(1 for _ in (given.folder / name).glob('*/*.*'))} images")


if __name__ == "__main__":
    main()
