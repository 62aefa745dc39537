"""Print how many made copies `duplicates` finds among photographs: `python scripts/reproduce_duplicates.py FOLDER`.

FOLDER is CIFAR-10 as class folders of files: train/ and test/. 500 of 10,000 images, 1,000 a class, are copied: made
20, 24, 48 or 64 pixels a side; recompressed as JPEG of quality 30, 50, 70 or 85; brightened by 1.15, 1.3 or 1.45, or
darkened by .75; cropped from 32 to 30 pixels a side at a random place. Copies and originals lie in one folder, of which
all pairs are looked for. The thresholds were chosen with --part=test; --part=train is what is reported. The network
that gives the embedding learns the originals of train/ for three epochs.

Pairs of two originals are counted apart, and drawn in logs/reproduce_duplicates/: CIFAR-10 has near-duplicates of its
own (Barz & Denzler 2020, arXiv:1902.00423).
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import cv2
import kept
import numpy as np

from autoencoder.cli.main import Autoencoder
from autoencoder.clustering.duplicates import KINDS, Looks, Pairs, duplicates
from autoencoder.clustering.nearest import other_neighbours
from autoencoder.data.scan import scan
from autoencoder.metrics.likeness import perceptual_hashes
from autoencoder.plots.tiles import tiles
from autoencoder.sampling import drawn
from autoencoder.workflows.duplicates import looks
from autoencoder.workflows.found import Opened, open_images

COPIES = ("rescaled", "recompressed", "brightened", "cropped")
SIDES, QUALITIES, GAINS, CUT = (20, 24, 48, 64), (30, 50, 70, 85), (1.15, 1.3, 1.45, 0.75), 2
ORIGINALS = "originals"
#: Bits that hashes may differ in, where they alone decide.
BITS = (2, 4, 6)


class Counted(NamedTuple):
    """How many copies of each kind were found, how many of them as moved, and how many pairs are none."""

    found: dict[str, int]
    moved: dict[str, int]
    false: dict[str, int]
    originals: int


def main() -> None:
    """Make the copies, find them, and print the table."""
    asked = arguments()
    place = kept.LOGS / "reproduce_duplicates"
    run = place / "run"
    if not (run / "encoder.keras").exists():
        train(asked, run)
    folder = place / f"{asked.part}_{asked.max_images}_{asked.copies}"
    if not folder.exists():
        make(asked.folder / asked.part, folder, asked)
    opened = open_images(run, folder)
    looked = looks(opened)
    pairs = duplicates(looked)
    print(table(counted(opened, looked, pairs), asked.copies // len(COPIES)))
    draw(opened, pairs, place / f"originals_{asked.part}.png")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", choices=("train", "test"), default="train")
    parser.add_argument("--copies", type=int, default=500)
    parser.add_argument("--max_images", type=int, default=1000, help="from each class folder")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def train(asked: argparse.Namespace, run: Path) -> None:
    """Train a small network for a short time: what is near by pixels does not hang on it."""
    levels = {"filters": [32, 64, 128], "strides": 2, "kernel_size": 3, "batch_norm": "before", "dims": [64]}
    learning = {"train_epochs": asked.epochs, "batch_size": 128, "learning_rate": 0.001, "seed": asked.seed}
    images = {"train_dir": asked.folder / "train", "max_images": asked.max_images, "image_shape": 32}
    Autoencoder(**images, **levels, **learning, save_dir=run).run()


def make(source: Path, folder: Path, asked: argparse.Namespace) -> None:
    """Make a folder of originals, which are links, and of copies, a folder each kind."""
    names = scan(source, max_images=asked.max_images).paths
    for kind in (ORIGINALS, *COPIES):
        (folder / kind).mkdir(parents=True)
    for name in names:
        (folder / ORIGINALS / name.replace("/", "_")).symlink_to((source / name).absolute())
    random = np.random.default_rng(asked.seed)
    for number, row in enumerate(drawn(len(names), asked.copies, asked.seed)):
        kind = COPIES[number % len(COPIES)]
        image = cv2.imread(str(source / names[row]))
        suffix, copy = copied(image, kind, number // len(COPIES), random)
        (folder / kind / Path(names[row].replace("/", "_")).with_suffix(suffix)).write_bytes(copy)


def copied(image: np.ndarray, kind: str, number: int, random: np.random.Generator) -> tuple[str, bytes]:
    """Return the suffix and the bytes of a copy."""
    turn = number % 4
    if kind == "recompressed":
        return ".jpg", cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITIES[turn]])[1].tobytes()
    if kind == "rescaled":
        method = cv2.INTER_AREA if SIDES[turn] < len(image) else cv2.INTER_CUBIC
        image = cv2.resize(image, (SIDES[turn], SIDES[turn]), interpolation=method)
    elif kind == "brightened":
        image = np.clip(np.round(image * GAINS[turn]), 0, 255).astype(np.uint8)
    else:
        y, x = random.integers(0, CUT + 1, 2)
        image = image[y : y + len(image) - CUT, x : x + image.shape[1] - CUT]
    return ".png", cv2.imencode(".png", image)[1].tobytes()


def counted(opened: Opened, looked: Looks, pairs: Pairs) -> dict[str, Counted]:
    """Count what is found by the program, and by the hash alone."""
    paths = opened.embeddings.paths
    both = np.column_stack([pairs.first, pairs.second])
    found = {"duplicates": count(paths, both, pairs.kinds == KINDS.index("moved"))}
    bits = np.unpackbits(perceptual_hashes(looked.pixels), axis=1) * np.float32(2) - 1
    distances, rows = other_neighbours(bits, 5)
    for most in BITS:
        at, which = np.nonzero(distances**2 / 4 <= most + 0.5)
        near = np.unique(np.sort(np.column_stack([at, rows[at, which]]), axis=1), axis=0)
        found[f"hash alone, {most} bits"] = count(paths, near, np.zeros(len(near), bool))
    return found


def count(paths: tuple[str, ...], pairs: np.ndarray, moved: np.ndarray) -> Counted:
    """Count pairs of a copy and its original, and those that are none."""
    kinds, names = zip(*(path.split("/") for path in paths), strict=True)
    stems = [Path(name).stem for name in names]
    sums = Counted(*(dict.fromkeys(COPIES, 0) for _ in range(2)), {"near": 0, "moved": 0}, 0)
    originals = 0
    for (first, second), far in zip(pairs.tolist(), moved.tolist(), strict=True):
        of = {kinds[first], kinds[second]}
        if of == {ORIGINALS}:
            originals += 1
        elif stems[first] == stems[second]:
            kind = next(iter(of - {ORIGINALS}))
            sums.found[kind] += 1
            sums.moved[kind] += far
        else:
            sums.false["moved" if far else "near"] += 1
    return sums._replace(originals=originals)


def table(found: dict[str, Counted], each: int) -> str:
    """Return the table in Markdown."""
    lines = [kept.head(["by", "copies", "recall", "told as moved", "false pairs with a copy", "pairs of originals"])]
    for name, sums in found.items():
        for kind in COPIES:
            figures = [f"{sums.found[kind] / each:.3f}", f"{sums.moved[kind] / each:.3f}"]
            lines.append(kept.line([name, kind, *figures, *(["", ""])]))
        true = sum(sums.found[kind] - sums.moved[kind] for kind in COPIES)
        precision = f"{true / max(1, true + sums.false['near']):.3f}"
        false = f"{sums.false['near']} near, {sums.false['moved']} moved; precision of near {precision}"
        lines.append(kept.line([name, "all", "", "", false, sums.originals]))
    return "\n".join(lines)


def draw(opened: Opened, pairs: Pairs, picture: Path) -> None:
    """Draw the pairs of two originals, four a row, so that a person can judge them."""
    paths = opened.embeddings.paths
    own = [at for at in range(len(pairs.first)) if all(paths[row].startswith(ORIGINALS) for row in ends(pairs, at))]
    own.sort(key=lambda at: pairs.kinds[at])
    rows = [row for at in own for row in ends(pairs, at)]
    said = [f"{KINDS[pairs.kinds[at]]} {pairs.likeness[at]:.3f}" for at in own for _ in "12"]
    if rows:
        captions = [(Path(paths[row]).stem, remark) for row, remark in zip(rows, said, strict=True)]
        tiles(opened.images.pixels, rows, captions, ("Pairs of originals", ""), picture, len(rows))
        print(f"{len(own)} pairs of originals are drawn in {picture}")


def ends(pairs: Pairs, at: int) -> tuple[int, int]:
    """Return the two rows of a pair."""
    return int(pairs.first[at]), int(pairs.second[at])


if __name__ == "__main__":
    kept.told(main)
