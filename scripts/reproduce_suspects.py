"""Print how many swapped labels of MNIST `suspects` finds: `python scripts/reproduce_suspects.py FOLDER`.

FOLDER holds train/ with the class folders of MNIST. 5% of the labels are swapped for another digit, drawn at random.
The network is a small autoencoder of 64 numbers after one epoch, which sees no label. Of as many first suspects as
labels were swapped, those that are swapped ones are counted; then of fewer and of more.
"""

import argparse
from pathlib import Path

import kept
import numpy as np
import pandas
import trainings

from autoencoder.data.scan import scan
from autoencoder.sampling import drawn
from autoencoder.workflows.suspects import suspects

#: Suspects that are looked at, as multiples of the number of swapped labels.
FIRST = (0.5, 1, 1.1, 1.5, 2)
NETWORK = {
    "filters": [16, 32],
    "kernel_size": 3,
    "dims": [64],
    "output_activation": "linear",
    "loss": "mse",
    "batch_size": 128,
    "learning_rate": 0.002,
}


def main() -> None:
    """Train, swap, find, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=float, default=0.05, help="of the labels that are swapped")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    place = kept.LOGS / "reproduce_suspects"
    run, source = place / "run", asked.folder / "train"
    if not (run / "encoder.keras").exists():
        learning = {"train_epochs": asked.epochs, "seed": asked.seed}
        trainings.train({**NETWORK, **learning, "train_dir": source, "save_dir": run})
    labels = place / f"labels_{asked.share}_{asked.seed}.csv"
    swapped = swap(source, labels, asked.share, asked.seed)
    print(table(suspects(run, source, labels), swapped))


def swap(source: Path, labels: Path, share: float, seed: int) -> pandas.Series:
    """Write the labels of all images, some of them swapped for another class; return the true labels of those."""
    listing = scan(source)
    true = np.array(listing.labels)
    classes = np.unique(true)
    rows = drawn(len(true), round(share * len(true)), seed)
    shifts = np.random.default_rng(seed).integers(1, len(classes), len(rows))
    given = true.copy()
    given[rows] = classes[(np.searchsorted(classes, true[rows]) + shifts) % len(classes)]
    pandas.DataFrame({"path": listing.paths, "label": given}).to_csv(labels, index=False)
    return pandas.Series(true[rows], index=[listing.paths[row] for row in rows])


def table(found: pandas.DataFrame, swapped: pandas.Series) -> str:
    """Return the table in Markdown."""
    is_swapped = found["path"].isin(swapped.index).to_numpy()
    lines = [kept.head(["first suspects", "swapped ones among them", "share", "of all swapped ones"])]
    for times in FIRST:
        first = round(times * len(swapped))
        right = int(is_swapped[:first].sum())
        lines.append(kept.line([first, right, f"{right / first:.4f}", f"{right / len(swapped):.4f}"]))
    proposed = found[is_swapped].set_index("path")["proposed"].astype(str)
    right = float((proposed == swapped.loc[proposed.index]).mean())
    lines.append(f"\nThe label that the neighbours propose is the true one for {right:.4f} of the swapped ones.")
    return "\n".join(lines)


if __name__ == "__main__":
    kept.told(main)
