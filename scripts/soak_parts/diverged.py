"""Losses that are no numbers, wherever they may come from: marked, never the best, exit status 6."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from checkout import ROOT

from .kills import weights
from .life import live
from .part import Part, Setup

IMAGES = f"--train_dir={ROOT / 'data' / 'train'}"
_SMALL = (IMAGES, "--max_images=40", "--filters=[4]", "--dims=[3]", "--batch_size=20", "--train_epochs=3")
_FAST = "--learning_rate=1e38"

#: What is run, by what is special about it; `begun` is a good run.
CASES: dict[str, tuple[str, ...]] = {
    "run": ("run", *_SMALL, _FAST),
    "mse": ("run", *_SMALL, _FAST, "--loss=mse", "--optimizer=sgd"),
    "ssim": ("run", *_SMALL, _FAST, "--loss=ssim"),
    "contrast": ("run", *_SMALL, _FAST, "--contrast=0.1"),
    "contrast alone": ("run", *_SMALL, _FAST, "--contrast_with=views", "--contrast=1", "--augment=[shift]"),
    "batch norm": ("run", *_SMALL, _FAST, "--batch_norm=before", "--optimizer=sgd"),
    "progressive": ("run", *_SMALL, _FAST, "--progressive=[0.5,1]", "--image_shape=[56,56]"),
    "augment and noise": ("run", *_SMALL, _FAST, "--augment=[shift]", "--noise=gaussian"),
    "cosine": ("run", *_SMALL, _FAST, "--schedule=cosine"),
    "bfloat16": ("run", *_SMALL, _FAST, "--precision=bfloat16"),
    "sort": ("sort", *_SMALL, _FAST, "--k=3"),
    "grid of these": ("run", *_SMALL, _FAST, "--config=grid.yml"),
    "classify": ("classify", "begun", IMAGES, _FAST, "--epochs=1"),
    "classify, second step": ("classify", "begun", IMAGES, "--fine_rate=1e38", "--epochs=1"),
    "classify, scratch": ("classify", "begun", IMAGES, _FAST, "--scratch", "--epochs=1"),
    "labels": ("classify", "begun", IMAGES, _FAST, "--labels_per_class=2,3", "--epochs=1"),
    "dec": ("cluster", "begun", "--method=dec", "--k=3", "--rounds=1", "--refine_rate=1e38"),
    "idec": ("cluster", "begun", "--method=idec", "--k=3", "--rounds=1", "--refine_rate=1e38"),
    "self_label": ("cluster", "begun", "--method=self_label", "--k=3", "--rounds=1", "--refine_rate=1e38"),
}


def measure(setup: Setup) -> dict[str, Any]:
    """Return how each case ended, and what took a run that diverged for a good one."""
    begun = live(["run", *_SMALL, "--save_dir=logs/good"], setup.place)
    if begun.status != 0:
        raise RuntimeError("\n".join(line for _, line in begun.lines))
    (setup.place / "begun").symlink_to("logs/good")
    (setup.place / "grid.yml").write_text("grid: {seed: [1, 2]}\n", encoding="utf-8")
    figures: dict[str, Any] = dict.fromkeys(("cases", "other status", "not a number in weights"), 0)
    for name, arguments in list(CASES.items())[: max(2, setup.kills)]:
        figures["cases"] += 1
        life = live(list(arguments), setup.place)
        print(f"{name}: {life.status}", flush=True)
        if life.status != 6:
            figures["other status"] += 1
            print("\n".join(line for _, line in life.lines[-4:]), flush=True)
    models = [path for run in (setup.place / "logs").iterdir() for path in run.glob("*.keras")]
    figures["not a number in weights"] = sum(not _all_finite(path) for path in models)
    figures["rows without a mark"] = sum(
        row["status"] != "diverged" and row["FolderName"] != "good"
        for table in ("aescore.csv", "classifiers.csv")
        for row in _rows(setup.place / "logs" / table)
    )
    latest = live(["encode", "latest"], setup.place)
    figures["latest is another"] = int(latest.status != 0 or not any("good" in line for _, line in latest.lines))
    listed = live(["runs", "--csv=runs.csv"], setup.place)
    runs = [row for row in _rows(setup.place / "runs.csv") if row["command"] == "run"]
    figures["best is another"] = int(listed.status != 0 or runs[0]["name"] != "good")
    return figures


def _all_finite(model: Path) -> bool:
    return all(np.isfinite(each).all() for each in weights(model).values() if each.dtype.kind == "f")


def _rows(table: Path) -> list[dict[str, str]]:
    if not table.is_file():
        return []
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


PART = Part(
    "A loss that is no number: exit status 6, marked in every table, never the latest or the best, weights finite",
    measure,
    ("other status", "not a number in weights", "rows without a mark", "latest is another", "best is another"),
)
