"""All runs as one table, the best first, whichever command made them; without TensorFlow."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..data.conditions import condition, single
from ..data.tables import any_names
from ..errors import UsageError
from ..files import write_text
from ..settings import Architecture, Data, Output, Training
from ..settings.classification import Classifier, Labelled
from ..settings.clustering import Clusters
from ..settings.fields import Section, nearest
from ..settings.restoration import RestoreSettings
from ..storage.csv_files import write_csv
from ..storage.records import Record, read_records
from ..storage.run import LOGS

if TYPE_CHECKING:
    import pandas as pd

#: By which score the results of each command are ranked: the first of these that they have.
MEASURES = {
    "run": ("valid_mse", "valid_loss", "train_loss"),
    "restore_train": ("hamming_after", "mse_after", "valid_loss"),
    "classify": ("accuracy", "valid_accuracy"),
    "cluster": ("accuracy", "silhouette"),
}
#: Of these more is better; of losses, errors, seconds and sizes less is.
_MORE_IS_BETTER = re.compile(
    r"(^|_)(accuracy|psnr|ssim|nmi|ari|homogeneity|silhouette|calinski_harabasz|stability|f1|images_per_second|"
    r"used_numbers|reduction|confidence)(_|$)"
)
#: The columns of every table, whatever else differs.
COLUMNS = ("name", "command", "status", "date", "score", "measure", "seconds", "parameters")
SECTIONS: dict[str, tuple[type[Section], ...]] = {
    "run": (Data, Architecture, Training, Output),
    "restore_train": RestoreSettings.sections,
    "classify": (Labelled, Classifier),
    "cluster": (Data, Architecture, Training, Output, Clusters),
}
#: Settings that decide about no result.
_ASIDE = frozenset({*Output.model_fields, "names", "model_log_path"})

Row = dict[str, Any]


class RunTable(NamedTuple):
    """Rows, the columns that are worth a look, and all columns; `records` are what each row was made of."""

    rows: list[Row]
    shown: list[str]
    columns: list[str]
    records: list[Record]


def runs(logs: str | Path = LOGS, sort: str = "score", where: str | None = None) -> pd.DataFrame:
    """Return all runs and clusterings as a table, the best first.

    Parameters
    ----------
    logs : str or path
        The folder that holds the runs.
    sort : str
        A column. `score` ranks the results of each command by the score that it is judged by.
    where : str, optional
        A condition on columns, settings that do not differ among them: `"dims == 10 and valid_mse < 0.02"`.

    Returns
    -------
    pandas.DataFrame
        A row a run, `name` first: what made it, how it ended, its scores, and the settings that differ between rows.

    Raises
    ------
    UsageError
        If there are no runs, no such column, or the condition cannot be read.
    DataError, DiskError
        If a table of runs in the folder cannot be read.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> images = (load_digits().images[:60] / 16).astype("float32")
    >>> ae = Autoencoder(filters=(4,), dims=(3,), train_epochs=1, save_dir="logs/first").fit(images)
    >>> runs(where="dims == 3 and status == 'finished'")[["name", "command", "measure"]]
        name command    measure
    0  first     run  valid_mse
    """
    import pandas as pd

    table = run_table(Path(logs), sort, where)
    with any_names():
        return pd.DataFrame(table.rows, columns=table.columns)


def run_table(logs: Path = LOGS, sort: str = "score", where: str | None = None) -> RunTable:
    """Return what `runs` returns, as plain rows; parameters and errors are the same."""
    records = read_records(logs)
    if not records:
        raise UsageError(f"there are no runs in {logs}/ yet; make one with: flexae run --train_dir=FOLDER")
    records = [replace(record, settings=completed(record)) for record in records]
    rows = [_row(record) for record in records]
    known = list(dict.fromkeys([*COLUMNS, "note", *(name for row in rows for name in row)]))
    if sort not in known:
        raise UsageError(f"--sort={sort}: there is no column {sort}{nearest(sort, known)}")
    holds = condition(where, known) if where is not None else lambda _: True
    order = [at for at in _order(rows, sort) if holds(rows[at])]
    return _table([rows[at] for at in order], [records[at] for at in order], sort)


def _table(rows: list[Row], records: list[Record], sort: str) -> RunTable:
    differ = differing(records)
    noted = ["note"] if any(row.get("note") for row in rows) else []
    shown = list(dict.fromkeys([*COLUMNS, *([sort] if sort != "score" else []), *differ, *noted]))
    scores = dict.fromkeys(name for record in records for name in record.scores)
    present = [name for name in scores if name not in shown and any(row.get(name) is not None for row in rows)]
    return RunTable(rows, shown, [*shown, *(name for name in present if name != "note")], records)


def completed(record: Record) -> Row:
    """Return the settings of a run, with defaults for what its version did not know yet."""
    found: Row = {}
    for section in SECTIONS.get(record.command, ()):
        # A deep run holds the settings of its clustering alone.
        if 2 * len(_FIELDS[section] & record.settings.keys()) > len(_FIELDS[section]):
            found |= _DEFAULTS[section]
    return found | dict(record.settings)


_KINDS = {section for sections in SECTIONS.values() for section in sections}
_DEFAULTS = {section: section.model_construct().to_flags() for section in _KINDS}
_FIELDS = {section: frozenset(section.model_fields) for section in _KINDS}


def measure_of(record: Record) -> str | None:
    """Return the name of the score that a result is judged by; None where it has none."""
    for name in MEASURES.get(record.command, ()):
        # Of images that are no codes every block may be right from the start; then the pixels tell.
        useless = name == "hamming_after" and record.scores.get("hamming_before") == 0
        if not useless and _is_number(record.scores.get(name)):
            return name
    return None


def more_is_better(column: str) -> bool:
    """Whether a higher value of a column is the better one."""
    return _MORE_IS_BETTER.search(column) is not None


def differing(records: Iterable[Record]) -> list[str]:
    """Return the settings that differ between runs of one command."""
    first: dict[str, Row] = {}
    found: dict[str, None] = {}
    for record in records:
        seen = first.setdefault(record.command, {})
        for name, value in record.settings.items():
            if seen.setdefault(name, value) != value and name not in _ASIDE:
                found[name] = None
    return [name for name in dict.fromkeys(name for seen in first.values() for name in seen) if name in found]


def best_first(records: Sequence[Record]) -> list[Record]:
    """Return results in the order of the scores that they are judged by."""
    return [records[at] for at in _order([_row(record) for record in records], "score")]


def _row(record: Record) -> Row:
    measure = measure_of(record)
    own = {name: value for name, value in record.settings.items() if value is not None and value != []}
    return {
        **{name: value for name, value in record.scores.items() if not isinstance(value, dict)},
        **own,
        "name": record.name,
        "command": record.command or None,
        "status": record.status,
        "date": record.date,
        "score": None if measure is None else record.scores[measure],
        "measure": measure,
        "seconds": record.scores.get("seconds"),
        "parameters": record.scores.get("parameters"),
        "note": record.note or None,
    }


def _order(rows: Sequence[Row], sort: str) -> list[int]:
    """Return the rows' numbers, the best first; what has no value comes last."""
    newest = sorted(range(len(rows)), key=lambda at: rows[at]["date"], reverse=True)
    if sort == "score":
        return sorted(newest, key=lambda at: _rank(rows[at]))
    there = [at for at in newest if not _is_missing(rows[at].get(sort))]
    best = sorted(there, key=lambda at: _key(rows[at][sort]), reverse=sort == "date" or more_is_better(sort))
    return best + [at for at in newest if _is_missing(rows[at].get(sort))]


def _rank(row: Row) -> tuple[int, bool, int, float]:
    """Rank a row within its command, and within those that are judged by the same score; what diverged comes last."""
    commands, measure = list(MEASURES), row["measure"]
    command = commands.index(row["command"]) if row["command"] in commands else len(commands)
    diverged = row["status"] == "diverged"
    if measure is None:
        return command, diverged, len(COLUMNS), 0.0
    value = float(row["score"])
    return command, diverged, MEASURES[row["command"]].index(measure), -value if more_is_better(measure) else value


def _key(value: Any) -> tuple[int, Any]:
    value = single(value)
    return (0, value) if isinstance(value, int | float) else (1, str(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def write_runs_csv(table: RunTable, path: Path) -> None:
    """Write all columns of a table of runs as CSV.

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    write_csv(path, [table.columns, *([_cell(row.get(name)) for name in table.columns] for row in table.rows)])


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | tuple) else "" if _is_missing(value) else value


def write_runs_json(table: RunTable, path: Path) -> None:
    """Write all columns of a table of runs as a JSON list of objects.

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    rows = [{name: _json(row.get(name)) for name in table.columns} for row in table.rows]
    write_text(path, json.dumps(rows, indent=1) + "\n")


def _json(value: Any) -> Any:
    """Return a value as JSON knows it, which has no sign for what is not a number."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def count_by(rows: Iterable[Row], column: str) -> dict[str, int]:
    """Count the rows of each value of a column."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[str(row[column])] = counts.get(str(row[column]), 0) + 1
    return counts
