"""--precision=bfloat16 against float32: the speed, and what it does to the loss."""

from __future__ import annotations

import statistics
import sys
from typing import Any

from .measure import Figures, Part, Ran, Setup, count_files, flexae, new_folder, run, sampled
from .page import at_most, table

KINDS = ("float32", "bfloat16")
#: Name, data set and flags of each network.
NETWORKS = (
    ("default, MNIST", "mnist", ()),
    ("default, CIFAR-10", "cifar10", ()),
    ("batch_norm=before, MNIST", "mnist", ("--batch_norm=before",)),
    ("default, CIFAR-10 at 64 x 64", "cifar10", ("--image_shape=[64,64]",)),
)


def measure(setup: Setup) -> Figures:
    """Return images per second and the last validation loss of each network; medians over seeds, one a round."""
    per_class, epochs = (10, 2) if setup.quick else (200, 15)
    rows = []
    for name, data, network in NETWORKS:
        place = new_folder(setup.place)
        train = sampled(getattr(setup, data) / "train", place / "train", per_class)
        valid = sampled(getattr(setup, data) / "test", place / "valid", 5 if setup.quick else 100)
        flags = [f"--train_dir={train}", f"--valid_dir={valid}", *network]
        runs = _trained(setup, [*flags, f"--train_epochs={epochs}"])
        row: dict[str, Any] = {"network": name}
        for kind, each in runs.items():
            row[f"{kind}_rate"] = count_files(train) / statistics.median(ran.later_epoch() for ran in each)
            row[f"{kind}_loss"] = statistics.median(ran.epochs()[-1].val_loss for ran in each)
        pairs = zip(*(runs[kind] for kind in KINDS), strict=True)
        row["worst"] = max(half.epochs()[-1].val_loss / full.epochs()[-1].val_loss for full, half in pairs)
        stage = [sys.executable, "-m", "bench_parts.stage", "chosen", *network]
        row["auto"] = run(stage, setup.place).lines[-1][1]
        rows.append(row)
        print(row, flush=True)
    return {"epochs": epochs, "images": 10 * per_class, "rows": rows}


def _trained(setup: Setup, flags: list[str]) -> dict[str, list[Ran]]:
    """Train in each precision, in turns, with another seed each round."""
    runs: dict[str, list[Ran]] = {kind: [] for kind in KINDS}
    for seed in range(1, setup.rounds + 1):
        for kind in KINDS:
            runs[kind].append(flexae(setup.place, "run", *flags, f"--precision={kind}", f"--seed={seed}"))
    return runs


def page(figures: Figures) -> list[str]:
    """Return the table, and a bar for each network."""
    head = [
        "network",
        *(f"{kind}, images/s" for kind in KINDS),
        *(f"{kind}, loss" for kind in KINDS),
        "auto",
    ]
    rows = []
    for row in figures["rows"]:
        rates, losses = ([row[f"{kind}_{what}"] for kind in KINDS] for what in ("rate", "loss"))
        rows.append([row["network"], *rates, *(f"{loss:.5f}" for loss in losses), row["auto"]])
    lines = [f"{figures['images']:,} images, {figures['epochs']} epochs, batch 32.\n", *table(head, rows)]
    for row in figures["rows"]:
        lines.append(
            at_most(f"{row['network']}: loss, the worst seed", 100 * row["worst"] - 100, 2.0, "% above float32's")
        )
    return [*lines, ""]


PART = Part("Precision", 12, measure, page)
