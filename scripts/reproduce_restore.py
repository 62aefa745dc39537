"""Print the tables of restored codes in docs/results.md: `python scripts/reproduce_restore.py FOLDER`.

FOLDER receives the sets of scripts/make_binary_codes.py, the runs and the restored images. What is there already is
used again, so that an interrupted reproduction goes on. `--curve` draws the reduction by the width of the original
network's embedding instead, as FOLDER/curve.png: one seed, every second tile in each direction, 15 epochs.
"""

import subprocess
import sys
from pathlib import Path

import cv2
import kept
import numpy as np
from checkout import ENVIRONMENT
from make_binary_codes import BLOCK, make

from autoencoder.metrics.hamming import hamming
from autoencoder.plots.plot import quiet
from autoencoder.plots.style import STYLE, save, sheet, write
from autoencoder.storage.run import Run

SEEDS = (1, 2, 3)
#: Name: kind, pairs and seed. Networks learn from the first two; the others hold codes that no network has seen.
SETS = {
    "default": ("default", 400, 1),
    "hard": ("hard", 400, 1),
    "fresh": ("default", 200, 2),
    "unseen": ("unseen", 200, 2),
}
WIDTHS = (16, 32, 64, 128, 256, 512)
ORIGINAL_REDUCTION = 0.783


def call(*arguments: str) -> None:
    """Run a command of the program."""
    subprocess.run([sys.executable, "-m", "autoencoder", *arguments], check=True, env=ENVIRONMENT)


def make_sets(folder: Path) -> None:
    """Make the sets that are missing."""
    for name, made in SETS.items():
        if not (folder / name).exists():
            print(f"{name}: mean Hamming distance {make(folder / name, *made):.4f}", flush=True)


def train(folder: Path, recipe: str, name: str, seed: int, *flags: str) -> Run:
    """Train by a recipe on a set, unless that was done."""
    run = Run(folder / "runs" / "_".join([recipe, name, str(seed), *(flag.strip("-") for flag in flags)]))
    if not run.scores_file.exists():
        places = [f"--{part}={folder / name / part}" for part in ("modified", "original")]
        own = [f"--config={kept.RECIPES / recipe}.yml", f"--seed={seed}", f"--save_dir={run.path}", "--verbose=0"]
        call("restore_train", *own, *places, *flags)
    return run


def restore(folder: Path, run: Run, name: str) -> Path:
    """Restore a set, unless that was done, and return where it is."""
    out = folder / "restored" / f"{name}_by_{run.path.name}"
    if not out.exists():
        call("restore", str(run.path), f"--images={folder / name / 'modified'}", f"--out={out}")
    return out


def evaluate(folder: Path, name: str, restored: Path) -> tuple[float, float, np.ndarray]:
    """Return the mean Hamming distance before and after, and which QR codes are read, bool (n, 2) likewise."""
    distances, read = [], []
    for path in sorted((folder / name / "modified").iterdir()):
        original, *both = (
            cv2.imread(str(place / path.name), cv2.IMREAD_GRAYSCALE)
            for place in (folder / name / "original", folder / name / "modified", restored)
        )
        distances.append([hamming(original, image, BLOCK) for image in both])
        if path.name.startswith("qr"):
            read.append([is_read(image) for image in both])
    before, after = np.mean(distances, axis=0)
    return before, after, np.array(read)


def is_read(image: np.ndarray) -> bool:
    """Whether OpenCV's detector reads the QR code."""
    try:
        return bool(cv2.QRCodeDetector().detectAndDecode(image)[0])
    except cv2.error:  # raised for some grids that it found but cannot follow
        return False


def row(what: str, before: list[float], after: list[float], note: str) -> str:
    """Return a row of the table: means over seeds, and the deviation of the reduction."""
    reductions = 1 - np.array(after) / np.array(before)
    deviation = f" ± {100 * reductions.std():.1f}" if len(reductions) > 1 else ""
    share = f"{100 * reductions.mean():.1f}{deviation} %"
    return kept.line([what, f"{np.mean(before):.4f}", f"{np.mean(after):.5f}", share, note])


def trained_row(what: str, runs: list[Run]) -> str:
    """Return the row of runs that were judged by their own test images."""
    scores = [run.scores() for run in runs]
    seconds = f"{np.mean([score['seconds'] for score in scores]):.0f}"
    return row(what, *([score[f"hamming_{when}"] for score in scores] for when in ("before", "after")), seconds)


def tables(folder: Path) -> None:
    """Print both tables."""
    print(kept.head(["", "before", "after", "reduction", "seconds of training"]), flush=True)
    best = {name: [train(folder, "binary_codes_best", name, seed) for seed in SEEDS] for name in ("default", "hard")}
    for name, runs in best.items():
        print(trained_row(f"`binary_codes_best.yml`, {name} set", runs), flush=True)
    qr = []
    for name in ("fresh", "unseen"):
        found = [evaluate(folder, name, restore(folder, run, name)) for run in best["default"]]
        print(
            row(f"the default set's networks, {name} set", [f[0] for f in found], [f[1] for f in found], ""), flush=True
        )
        read = np.concatenate([f[2] for f in found])
        qr.append(qr_row(name, read))
    print(trained_row("`binary_codes.yml`, default set, one seed", [train(folder, "binary_codes", "default", 1)]))
    print(f"\n{kept.head(['QR codes', 'read before', 'of the unread, read after', 'of the read, still read'])}")
    print("\n".join(qr))


def qr_row(name: str, read: np.ndarray) -> str:
    """Return a row of the table of QR codes, all seeds together."""
    before, after = read.T
    cells = [(before.sum(), len(read)), (after[~before].sum(), (~before).sum()), (after[before].sum(), before.sum())]
    return kept.line([f"{name} set", *(f"{part} of {all_} ({part / all_:.1%})" for part, all_ in cells)])


def curve(folder: Path) -> None:
    """Print and draw the reduction by the width of the embedding."""
    flags = ("--step_size=24", "--train_epochs=15")
    reductions = []
    for width in WIDTHS:
        run = train(folder, "binary_codes", "default", 1, f"--dims={width}", *flags)
        reductions.append(run.scores()["hamming_reduction"])
        print(f"{width} numbers a tile: {reductions[-1]:.1%}", flush=True)
    draw(reductions, folder / "curve.png")


def draw(reductions: list[float], path: Path) -> None:
    """Draw the curve."""
    figure, page = sheet(1200, 640)
    write(page, STYLE["margin"], 36, "Reduction of the Hamming distance", kind="title", weight="bold")
    write(page, STYLE["margin"], 66, "by the numbers that the original network keeps of a tile", color=STYLE["muted"])
    axes = figure.add_axes((0.095, 0.14, 0.87, 0.7))
    quiet(axes)
    axes.plot(range(len(WIDTHS)), reductions, color=STYLE["encoder"], linewidth=1.8, marker="o", markersize=4)
    axes.axhline(ORIGINAL_REDUCTION, color=STYLE["accent"], linewidth=1.2, linestyle=(0, (4, 3)))
    axes.set_xticks(range(len(WIDTHS)), [str(width) for width in WIDTHS])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    place = axes.transData.transform((len(WIDTHS) - 1, ORIGINAL_REDUCTION))
    said = "the original author's 78.3%, on other images"
    write(page, place[0], 640 - place[1] + 26, said, ha="right", color=STYLE["accent"])
    save(figure, path)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    make_sets(place)
    (curve if "--curve" in sys.argv else tables)(place)
