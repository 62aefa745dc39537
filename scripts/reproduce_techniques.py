"""Print the table of ways to train an autoencoder: `python scripts/reproduce_techniques.py FOLDER --data=cifar10`.

FOLDER holds train/ and test/ with class folders. Each row is a run of the command line, then `evaluate` on the test
images, which choose nothing: the best epoch is that of validation images, a part of the training images. MNIST is
padded to 32 x 32. A row is kept in logs/reproduce_techniques.json as soon as it is known, and not measured again;
--rows=best,baseline makes some of them, and --feature_epochs, --pretrained_epochs give single ones fewer epochs.

    --backbone=FILE   the pretrained network, from scripts/convert_lite0.py
    --features=FILE   the network of the feature loss, from scripts/convert_hed.py
"""

import argparse
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import kept
import numpy as np

from autoencoder.cli.main import Autoencoder
from autoencoder.data.load import load
from autoencoder.data.scan import scan
from autoencoder.metrics.pca import fit_pca_of_images
from autoencoder.metrics.reconstruction import score

#: Of the original, whose embedding is 1,000 wide: MSE and classifier accuracy of each row, and of the classifier on
#: originals.
ORIGINAL_WIDTH = 1000
ORIGINAL: dict[str, dict[str, tuple[float | None, float | None]]] = {
    "cifar10": {
        "originals": (0.0, 0.8179),
        "baseline": (0.004345, 0.4558),
        "pretrained": (0.011385, 0.2333),
        "best": (0.004301, 0.6209),
    },
    "mnist": {"baseline": (0.000854, None), "best": (0.00085, None)},
}
FILTERS = {"cifar10": [64, 128, 256, 512], "mnist": [32, 64, 128, 256]}
CHANNELS = {"cifar10": "rgb", "mnist": "grayscale"}
#: Wider embeddings begin as one PCA, and not as one for each part.
WIDEST_IN_PARTS = 256
ROWS = ("pca", "baseline", "pixel_shuffle", "progressive", "pretrained", "unpretrained", "feature", "best")
#: The sub-network of the feature loss: the first blocks, at the size of the image and at half of it.
FEATURE_LAYERS = ["block1_conv2", "block2_conv2"]

Figures = dict[str, Any]


def main() -> None:
    """Measure the rows that are not known, and print the table."""
    asked = arguments()
    folder = padded(asked.folder) if asked.data == "mnist" else asked.folder
    shape = (32, 32), CHANNELS[asked.data]
    question = kept.question(data=asked.data, width=asked.width, max_images=asked.max_images or "all", seed=asked.seed)
    figures = kept.Kept("reproduce_techniques", question)
    for row in asked.rows:
        if row == "pca":
            figures.once("pca", partial(pca_row, folder, shape, asked))
        else:
            epochs = getattr(asked, f"{row}_epochs", None) or asked.epochs
            figures.once(f"{row}, {epochs} epochs", partial(trained_row, folder, row, epochs, asked))
    print(table(figures, ORIGINAL[asked.data] if asked.width == ORIGINAL_WIDTH else {}))


def arguments() -> argparse.Namespace:
    """Read the command line, and refuse what cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", choices=list(FILTERS), required=True)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--width", type=int, default=1000)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--backbone", type=Path, help="the pretrained network, a .keras file")
    parser.add_argument("--features", type=Path, help="VGG16's convolutions, a .keras file")
    parser.add_argument("--max_images", type=int)
    parser.add_argument("--seed", type=int, default=1)
    for row in ROWS[1:]:
        parser.add_argument(f"--{row}_epochs", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.rows = asked.rows.split(",")
    for row in asked.rows:
        if row not in ROWS:
            parser.error(f"--rows: there is no row {row}; choose from {', '.join(ROWS)}")
    for row, option in (("pretrained", "backbone"), ("unpretrained", "backbone"), ("feature", "features")):
        if row in asked.rows and getattr(asked, option) is None:
            parser.error(f"--{option}: the row {row} needs a network's file; name it, or leave {row} out of --rows")
    for part in ("train", "test"):
        if not (asked.folder / part).is_dir():
            parser.error(f"{asked.folder / part}: there is no such folder; it should hold class folders of images")
    return asked


def padded(folder: Path) -> Path:
    """Return a copy of images of 28 x 28 with a black frame of two pixels, made once."""
    made = kept.LOGS / "reproduce_techniques" / f"{folder.name}_32"
    for file in sorted(folder.glob("t*/*/*")):
        target = made / file.relative_to(folder)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            image = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
            cv2.imwrite(str(target), cv2.copyMakeBorder(image, 2, 2, 2, 2, cv2.BORDER_CONSTANT))
    return made


def flags(row: str, epochs: int, asked: argparse.Namespace) -> Figures:
    """Return what a row is trained with."""
    common = {
        "train_epochs": epochs,
        "dims": [asked.width],
        "loss": "mse",
        "batch_size": 128,
        "learning_rate": "find",
        "schedule": "cosine",
        "seed": asked.seed,
    }
    levels = {"filters": FILTERS[asked.data], "kernel_size": 3, "strides": 2, "batch_norm": "before"}
    backbone = {"encoder_from": str(asked.backbone), "batch_norm": "before"}
    # Parts take as many weights as images have values, times the width, each; a wide embedding leaves little to them.
    best: Figures = {"linear_path": "pca"}
    if asked.width <= WIDEST_IN_PARTS:
        best = {"linear_path": "local_pca", "linear_parts": 64}
    if asked.data == "cifar10":
        best["augment"] = ["hflip"]
    own: dict[str, Figures] = {
        "baseline": levels,
        "pixel_shuffle": {**levels, "upsampling": "pixel_shuffle"},
        "progressive": {**levels, "progressive": [0.5, 1]},
        "pretrained": backbone,
        "unpretrained": {**backbone, "encoder_weights": "none"},
        "feature": {
            **levels,
            "loss": "feature",
            "feature_weights": str(asked.features),
            "feature_layers": FEATURE_LAYERS,
        },
        # What begins with a PCA needs few epochs, so its batches are smaller: there would be too few steps.
        "best": {**best, "filters": FILTERS[asked.data][:3], "kernel_size": 3, "strides": 2, "batch_size": 32},
    }
    return {**common, **own[row]}


def trained_row(folder: Path, row: str, epochs: int, asked: argparse.Namespace) -> Figures:
    """Train a row's network and judge it by the test images."""
    limit = {} if asked.max_images is None else {"max_images": asked.max_images}
    start = time.perf_counter()
    run = Autoencoder(
        **flags(row, epochs, asked),
        **limit,
        train_dir=folder / "train",
        image_shape=[32, 32],
        color=CHANNELS[asked.data],
    ).run()
    seconds = time.perf_counter() - start
    scores = json.loads(Path(Autoencoder().evaluate(run, images=folder / "test")).read_text())
    return {"seconds": round(seconds), "epochs": epochs, "run": str(run.path), **measured(scores)}


def measured(scores: Figures) -> Figures:
    """Return the figures of the table out of all."""
    return {name: scores[name] for name in ("mae", "mse", "psnr", "ssim", "classifier_accuracy", "originals_accuracy")}


def pca_row(folder: Path, shape: tuple[tuple[int, int], str], asked: argparse.Namespace) -> Figures:
    """Fit a PCA of the same width to all training images, and score it by the test images."""
    start = time.perf_counter()
    train, test = (load(scan(folder / part), *shape).pixels for part in ("train", "test"))
    mean, components = fit_pca_of_images(train, asked.width)

    def restore(images: np.ndarray) -> np.ndarray:
        flat = images.reshape(len(images), -1) - mean
        return (flat @ components.T @ components + mean).reshape(images.shape).clip(0, 1)

    found = score(test, restore)._asdict()
    return {
        "seconds": round(time.perf_counter() - start),
        **{name: found[name] for name in ("mae", "mse", "psnr", "ssim")},
    }


def table(figures: kept.Kept, original: dict[str, tuple[float | None, float | None]]) -> str:
    """Return the table in Markdown, the original's figures beside ours where it has some."""
    titles = ("row", "epochs", "MSE", "of PCA's", "MAE", "PSNR", "SSIM", "classifier", "on originals", "seconds")
    lines = [kept.head([*titles, "original MSE", "original classifier"])]
    pca = figures.found.get("pca", {}).get("mse")
    for key, found in figures.found.items():
        row = key.partition(",")[0]
        theirs = original.get(row, (None, None))
        ratio = "" if pca is None else f"{found['mse'] / pca:.3f}"
        accuracies = [_figure(found.get(name), ".4f") for name in ("classifier_accuracy", "originals_accuracy")]
        cells = [
            row,
            found.get("epochs", ""),
            f"{found['mse']:.3g}",
            ratio,
            f"{found['mae']:.5f}",
            f"{found['psnr']:.1f}",
        ]
        cells += [f"{found['ssim']:.4f}", *accuracies, found["seconds"], *(_figure(each, ".6g") for each in theirs)]
        lines.append(kept.line(cells))
    return "\n".join(lines)


def _figure(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


if __name__ == "__main__":
    kept.told(main)
