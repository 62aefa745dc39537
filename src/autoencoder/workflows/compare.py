"""Compare the losses of an experiment that was repeated with other values of its knobs."""

from __future__ import annotations

import logging
from pathlib import Path

from ..data.tables import open_table
from ..plots.curves import losses_picture
from ..storage.csv_files import write_csv
from ..storage.run import Run
from .series import Series

log = logging.getLogger("autoencoder")

_LOSS = "lowest loss"
_ERROR = "mean squared error of the validation images (losses of several kinds do not compare)"


def compare_losses(results: dict[str, Run], series: Series) -> Path:
    """Draw the losses of all runs in one picture and list them, the best first; return the folder of both.

    Runs that differ in what their loss measures are ranked by the mean squared error of the validation images. Those
    that are not complete come after all others, without a loss, and with how they ended.

    Parameters
    ----------
    results : mapping from what was changed, in words, to the run, of those that are complete
    series : Series
        All runs that were begun.
    """
    folder = Run(series.folder)
    histories = {name: _losses(run) for name, run in results.items()}
    lowest = {name: min(values) for name, values in histories.items()}
    comparable = len({run.flags().get("loss") for run in results.values()}) <= 1
    errors = lowest if comparable else {name: float(run.scores()["valid_mse"]) for name, run in results.items()}
    order = sorted(results, key=lambda name: errors[name])
    measures = {"lowest_loss": lowest} if comparable else {"lowest_loss": lowest, "valid_mse": errors}
    rows = [(name, results[name].path, *(f"{each[name]:.6g}" for each in measures.values()), "done") for name in order]
    others = {name: series.status(name) for name in series.runs if name not in results}
    rows += [(name, series.runs[name], *[""] * len(measures), status) for name, status in others.items()]
    write_csv(folder.grid_file, [("changed", "run", *measures, "status"), *rows])
    width = max(map(len, series.runs), default=0)
    lines = [f"{name:<{width}}  {errors[name]:.5f}  {results[name].path}" for name in order]
    lines += [f"{name:<{width}}  {status}  {series.runs[name]}" for name, status in others.items()]
    log.info(f"\n{_LOSS if comparable else _ERROR}, the best first\n" + "\n".join(lines))
    if order:
        losses_picture(histories, folder.loss_picture)
        log.info(f"the best is {order[0]}: {results[order[0]].path}; look at {folder.loss_picture}")
    return folder.path


def _losses(run: Run) -> list[float]:
    """Read the validation loss of each epoch; the training loss where no image was kept for validation."""
    with open_table(run.history_file) as table:
        column = table.column(("val_loss", "loss"))
        assert column is not None
        return [float(row.cells[column]) for row in table.rows]
