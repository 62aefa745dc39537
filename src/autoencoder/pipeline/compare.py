"""Compare the losses of an experiment that was repeated with other values of its knobs."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

from .. import run_folder
from ..report.curves import losses_picture
from ..run_folder import Run
from ..settings import Output


def compare_losses(results: dict[str, Run]) -> Path:
    """Draw the losses of all runs in one picture and list them; return the folder of both.

    Parameters
    ----------
    results : mapping from what was changed, in words, to the run
    """
    folder = run_folder.create(Output(save_prefix="grid"), datetime.now())
    histories = {name: _losses(run) for name, run in results.items()}
    losses_picture(histories, folder.loss_picture)
    best = {name: min(values) for name, values in histories.items()}
    order = sorted(results, key=lambda name: best[name])
    rows = [(name, results[name].path, f"{best[name]:.6g}") for name in order]
    run_folder.write_csv(folder.grid_file, [("changed", "run", "lowest_loss"), *rows])
    width = max(map(len, results))
    lines = [f"{name:<{width}}  {best[name]:.5f}  {results[name].path}" for name in order]
    print("\nlowest loss, the best first\n" + "\n".join(lines))
    print(f"the best is {order[0]}: {results[order[0]].path}; look at {folder.loss_picture}")
    return folder.path


def _losses(run: Run) -> list[float]:
    """Read the validation loss of each epoch; the training loss where no image was kept to judge."""
    with run.history_file.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [float(row.get("val_loss") or row["loss"]) for row in rows]
