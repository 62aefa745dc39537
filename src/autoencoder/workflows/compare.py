"""Compare the losses of an experiment that was repeated with other values of its knobs."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from ..data.tables import open_table
from ..plots.curves import losses_picture
from ..settings import Output
from ..storage import new_run
from ..storage.csv_files import write_csv
from ..storage.run import Run

log = logging.getLogger("autoencoder")

_LOSS = "lowest loss"
_ERROR = "mean squared error of the validation images (losses of several kinds do not compare)"


def compare_losses(results: dict[str, Run]) -> Path:
    """Draw the losses of all runs in one picture and list them, the best first; return the folder of both.

    Runs that differ in what their loss measures are ranked by the mean squared error of the validation images.

    Parameters
    ----------
    results : mapping from what was changed, in words, to the run
    """
    folder = new_run.create(Output(save_prefix="grid"), datetime.now())
    histories = {name: _losses(run) for name, run in results.items()}
    losses_picture(histories, folder.loss_picture)
    lowest = {name: min(values) for name, values in histories.items()}
    comparable = len({run.flags().get("loss") for run in results.values()}) == 1
    errors = lowest if comparable else {name: float(run.scores()["valid_mse"]) for name, run in results.items()}
    order = sorted(results, key=lambda name: errors[name])
    measures = {"lowest_loss": lowest} if comparable else {"lowest_loss": lowest, "valid_mse": errors}
    rows = [(name, results[name].path, *(f"{each[name]:.6g}" for each in measures.values())) for name in order]
    write_csv(folder.grid_file, [("changed", "run", *measures), *rows])
    width = max(map(len, results))
    lines = [f"{name:<{width}}  {errors[name]:.5f}  {results[name].path}" for name in order]
    log.info(f"\n{_LOSS if comparable else _ERROR}, the best first\n" + "\n".join(lines))
    log.info(f"the best is {order[0]}: {results[order[0]].path}; look at {folder.loss_picture}")
    return folder.path


def _losses(run: Run) -> list[float]:
    """Read the validation loss of each epoch; the training loss where no image was kept for validation."""
    with open_table(run.history_file) as table:
        column = table.column(("val_loss", "loss"))
        assert column is not None
        return [float(row.cells[column]) for row in table.rows]
