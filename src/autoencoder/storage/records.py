"""What every run under logs/ says of itself: settings, scores and whether it is finished, whichever command made it.

`lookup` finds runs to be used; this reads also what was cut off half way, is damaged, or left a row alone.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import DiskError, ModelFileError, UsageError
from ..settings.fields import nearest
from . import provenance
from .lock import in_training
from .lookup import under_logs
from .provenance import Provenance, read_provenance
from .run import ENCODER_SUFFIXES, LOGS, Run
from .runs_table import CLASSIFIER_COLUMNS, COLUMNS, read

#: A folder that holds one of these is a run's, or was to become one.
_MARKS = frozenset(
    {"settings.yml", provenance.NAME, "clustering.json", "autoencoder.keras", "encoder.keras", "classifier.keras"}
)
#: A setting that only the settings of this command have; those of `run` have none of them.
_TELLING = {"rounds": "cluster", "tile_side": "restore_train", "units": "classify"}
#: The commands that end by writing scores beside their model.
_SCORED = {"run", "restore_train", "classify"}
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)?")
_SETTING = re.compile(r"\w+:", re.ASCII)


@dataclass(frozen=True)
class Record:
    """What is known of a run or a clustering.

    Attributes
    ----------
    name : str
        Its place as seen from logs/.
    path : Path or None
        Its folder; None where only its row in a table is left.
    command : str
        What made it; empty where nothing says so.
    status : str
        finished, interrupted, diverged, training (a command does so now), killed (its folder has no mark of being
        finished), or damaged.
    date : str
        As in 2026-11-30 09:00:00; when it ended where that is known, else when it began.
    settings, scores : mapping
    note : str
        What is wrong with its folder.
    """

    name: str
    path: Path | None
    command: str
    status: str
    date: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


class _Damaged(Exception):
    """A file of a folder that cannot be used."""


def read_records(logs: Path = LOGS) -> list[Record]:
    """Return a record of every run and clustering in a folder, and of every row in its tables whose folder is gone.

    Raises
    ------
    DataError, DiskError
        If a table of runs cannot be read. What is wrong with one run is in its record.
    """
    rows = _rows(logs)
    records = []
    for folder in _subfolders(logs):
        found = read_record(folder, logs)
        if found is None:
            continue
        ended = rows.pop(folder.name, [])
        if ended:
            found = replace(found, date=_date(ended.pop()["Time"]) or found.date)
        records += [found, *clusterings(folder, logs, found)]
        rows[folder.name] = ended  # of other folders of that name, elsewhere
    return records + [_of_row(row) for several in rows.values() for row in several]


def _rows(logs: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of both tables by the folder that they name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, columns, command in (("aescore.csv", COLUMNS, ""), ("classifiers.csv", CLASSIFIER_COLUMNS, "classify")):
        for row in read(logs / table, columns):
            made = command or ("restore_train" if "hamming_after" in row else "run")
            found.setdefault(row.get("FolderName", ""), []).append({"Time": "", **row, "command": made})
    return found


def _of_row(row: dict[str, Any]) -> Record:
    scores = {name: value for name, value in row.items() if name not in ("Time", "FolderName", "command")}
    note = "its folder is not in logs/"
    return Record(
        str(row.get("FolderName", "")), None, row["command"], _ended(scores), _date(row["Time"]), {}, scores, note
    )


def read_record(folder: Path, logs: Path = LOGS) -> Record | None:
    """Return the record of a run's or a clustering's folder; None where it holds none."""
    name = folder.relative_to(logs).as_posix() if folder.is_relative_to(logs) else str(folder)
    try:
        inside = {path.name for path in folder.iterdir()}
    except OSError as error:
        return Record(name, folder, "", "damaged", note=f"cannot be read: {(error.strerror or '').lower()}")
    # An empty one was made by a run that was killed at once.
    if not inside & _MARKS and (inside or not _TIME.search(folder.name)):
        return None
    notes: list[str] = []
    made = read_provenance(folder / provenance.NAME) if provenance.NAME in inside else None
    if made is None and provenance.NAME in inside:
        notes.append(f"{provenance.NAME} cannot be read")
    settings = _noting(notes, lambda: _settings(Run(folder), made, inside))
    scores = _noting(notes, lambda: _scores(folder / "scores.json", inside))
    command = made.command if made else _command(settings, inside)
    done = made.finished if made else _finished_former(folder, command, inside)
    if done and not scores and not notes and command in _SCORED:
        notes.append("scores.json is missing")
    ended = _ended(scores) if done else "training" if _is_trained(folder) else "killed"
    status = "damaged" if notes else ended
    return _with_own_clusters(Record(name, folder, command, status, _when(folder), settings, scores, "; ".join(notes)))


def _is_trained(folder: Path) -> bool:
    try:
        return in_training(Run(folder))
    except DiskError:  # where nobody can write, nobody trains
        return False


def find_record(name: str | os.PathLike[str]) -> Record:
    """Return the record of the run or clustering that `name` means, finished or not.

    Parameters
    ----------
    name : str or path
        A folder, its name under logs/, the file of an encoder in it, or `latest`, the newest run of any command.

    Raises
    ------
    UsageError
        If there is no such run.
    """
    if str(name) == "latest":
        found = [record for folder in _subfolders(LOGS) if (record := read_record(folder))]
        if not found:
            raise UsageError(f"latest: there is no run in {LOGS}/ yet; make one with: flexae run --train_dir=FOLDER")
        return max(found, key=lambda record: (record.date, record.name))
    path = under_logs(Path(name))
    folder = path.parent if path.suffix in ENCODER_SUFFIXES and path.is_file() else path
    record = read_record(folder) if folder.is_dir() else None
    if record is None:
        what = "holds no run" if folder.is_dir() else "no such run"
        known = [each.name for each in _subfolders(LOGS)]
        raise UsageError(f"{name}: {what}{nearest(folder.name, known)}; flexae runs lists all that are in {LOGS}/")
    return record


def _noting(notes: list[str], read_file: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return read_file()
    except _Damaged as error:
        notes.append(str(error))
        return {}


def _ended(scores: Mapping[str, Any]) -> str:
    """Say how a training ended, in the words of this table."""
    ended = str(scores.get("status", "done"))
    return "finished" if ended == "done" else ended


def _settings(run: Run, made: Provenance | None, inside: set[str]) -> dict[str, Any]:
    """Return the settings of a folder, from the file of them that is read faster; both must be there and whole."""
    if made is None or "clustering.json" in inside:
        return _flags(run) if made is None else dict(made.settings)
    if "settings.yml" not in inside:
        raise _Damaged("settings.yml is missing")
    last = next(reversed(list(made.settings)), "")
    with suppress(OSError, UnicodeDecodeError):
        text = run.settings_file.read_text(encoding="utf-8")
        if _SETTING.match(text) and f"\n{last}:" in text:
            return dict(made.settings)
    return {**_flags(run), **made.settings}


def _flags(run: Run) -> dict[str, Any]:
    try:
        return run.flags()
    except ModelFileError as error:
        raise _Damaged("settings.yml cannot be read") from error


def _scores(file: Path, inside: set[str]) -> dict[str, Any]:
    if file.name not in inside:
        return {}
    try:
        scores = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _Damaged(f"{file.name} cannot be read") from error
    if not isinstance(scores, dict):
        raise _Damaged(f"{file.name} holds no scores")
    return scores


def _command(settings: Mapping[str, Any], inside: set[str]) -> str:
    """Return the command that left a folder which says nothing of it."""
    if "clustering.json" in inside:
        return "cluster"
    if not settings:
        return "classify" if "classifier.keras" in inside else ""
    return next((command for name, command in _TELLING.items() if name in settings), "run")


def _finished_former(folder: Path, command: str, inside: set[str]) -> bool:
    """Whether a run of version 0.1, which kept no provenance, was finished: scores, or clusters, came last."""
    if "clustering.json" in inside or command != "cluster":
        return "scores.json" in inside
    return any(folder.glob("clusters/*/clustering.json"))


def _with_own_clusters(record: Record) -> Record:
    """Give a run that learned to cluster the scores of its clusters; it has no others."""
    if record.command != "cluster" or record.path is None or (record.path / "clustering.json").exists():
        return record
    own = [each for each in clusterings(record.path) if each.scores.get("method") == record.settings.get("method")]
    return replace(record, scores=own[0].scores) if own else record


def clusterings(folder: Path, logs: Path = LOGS, run: Record | None = None) -> Iterator[Record]:
    """Yield a record of each clustering in a run's folder, with the settings of the `run` beside its own."""
    for path in _subfolders(folder / "clusters"):
        found = read_record(path, logs)
        if found is not None and not (run is not None and run.command == "cluster" and run.scores == found.scores):
            yield replace(found, settings={**(run.settings if run else {}), **found.settings})


def _subfolders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
    except OSError:
        return []
    return [folder / name for name in names]


def _when(folder: Path) -> str:
    """Return the date in a folder's name, or when it was changed."""
    return _date(folder.name) or datetime.fromtimestamp(folder.stat().st_mtime).strftime("%Y-%m-%d %H:%M:%S")


def _date(text: str) -> str:
    found = _TIME.search(text)
    if found is None:
        return ""
    year, month, day, hour, minute, second = found.groups("00")
    return f"{year}-{month}-{day} {hour}:{minute}:{second}"
