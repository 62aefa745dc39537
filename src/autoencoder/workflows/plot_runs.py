"""Draw a table of runs: scores against time and size, and the curves."""

from __future__ import annotations

import csv
import math
from collections import Counter
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..plots.runs import NAMED, Point, runs_picture
from ..storage.records import Record
from ..storage.run import Run
from .runs import RunTable, more_is_better


def plot_runs(table: RunTable, path: Path) -> None:
    """Draw the runs of a table that are judged by one score, the one that most of them have.

    Raises
    ------
    UsageError
        If no run of the table has a score.
    DiskError
        If the picture cannot be written.
    """
    counts = Counter(row["measure"] for row in table.rows if row["measure"] is not None)
    if not counts:
        raise UsageError("--plot: none of these runs has a score yet; leave it out, or take others by --where")
    measure = counts.most_common(1)[0][0]
    chosen = [at for at, row in enumerate(table.rows) if row["measure"] == measure]
    sign = -1 if more_is_better(measure) else 1
    chosen.sort(key=lambda at: sign * table.rows[at]["score"])
    points = [
        _point(table.rows[at], table.records[at] if rank < NAMED else None, table.shown)
        for rank, at in enumerate(chosen)
    ]
    others = len(table.rows) - len(points)
    better = "higher" if more_is_better(measure) else "lower"
    left_out = f"; {others:,} without it are left out" if others else ""
    runs_picture(points, measure, f"{better} is better; ring: the best{left_out}", path)


def _point(row: dict[str, Any], record: Record | None, shown: list[str]) -> Point:
    """Return a run as a point; only one that has a record gets its curve and says which settings it has."""
    settings = record.settings if record is not None else {}
    said = ", ".join(f"{name}={row[name]}" for name in shown if name in settings and row.get(name) is not None)
    name = f"{row['name']} ({said})" if said else row["name"]
    seconds, parameters = (math.nan if row[each] is None else float(row[each]) for each in ("seconds", "parameters"))
    return Point(name, float(row["score"]), seconds, parameters, _curve(record))


def _curve(record: Record | None) -> list[float]:
    """Return a loss an epoch of a run; none where it has no history, or a damaged one."""
    if record is None or record.path is None:
        return []
    try:
        with Run(record.path).history_file.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [float(row.get("val_loss") or row["loss"]) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return []
