"""Several runs that belong together, those of a grid or of a curve: which are there, so that a kill loses none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..errors import ModelFileError, UsageError
from ..files import write_text
from ..settings import Output
from ..storage import new_run
from ..storage import run as run_folder
from ..storage.lookup import under_logs
from ..storage.provenance import read_provenance
from ..storage.run import Run
from ..storage.state import has_state

NAME = "runs.json"
#: The command of a curve, which is one of `classify`.
CURVE = "labels"
#: What does not decide about a result.
_ASIDE = {"save_dir", "save_prefix", "verbose", "resume", "save_every", "config", "debug", "dry_run"}
_ASIDE |= {"tensorboard", "mlflow"}


@dataclass
class Series:
    """The runs of a command that was repeated, by what was changed in each.

    Attributes
    ----------
    folder : Path
        Where the table and the picture of all runs belong.
    command : str
    runs : dict
        By what was changed: the folder of each run that was begun.
    settings : dict
        By what was changed: the flags that decided about each.
    flags : dict
        Those of the command, of a curve.
    complete : bool
        Whether none is left to be made.
    """

    folder: Path
    command: str
    runs: dict[str, Path] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    flags: dict[str, Any] = field(default_factory=dict)
    complete: bool = False

    def place(self, changed: str, prefix: str, settings: Mapping[str, Any]) -> Path:
        """Return the folder of a run, and keep its name before anything is made in it."""
        if changed not in self.runs:
            self.runs[changed] = new_run.create(Output(save_prefix=prefix), datetime.now()).path
            self.settings[changed] = dict(settings)
            self.write()
        return self.runs[changed]

    def status(self, changed: str) -> str:
        """Say how a run ended: done, interrupted, diverged; killed, where it has no mark of an end, or left."""
        path = self.runs.get(changed)
        if path is None:
            return "left"
        if (path / NAME).is_file():
            return "done" if read_series(path).complete else "interrupted"
        made = read_provenance(Run(path).provenance_file)
        if made is None or not made.finished:
            return "killed"
        scores = Run(path).scores() if Run(path).scores_file.is_file() else {}
        return "interrupted" if has_state(Run(path)) else str(scores.get("status", "done"))

    def write(self) -> None:
        """Write which runs there are."""
        runs = {changed: {"run": str(path), "settings": self.settings[changed]} for changed, path in self.runs.items()}
        record = {"command": self.command, "complete": self.complete, "flags": self.flags, "runs": runs}
        write_text(self.folder / NAME, json.dumps(record, indent=2) + "\n")

    def check(self, changed: str, settings: Mapping[str, Any], name: str) -> None:
        """Refuse other settings than those that a run was begun with.

        Raises
        ------
        UsageError
            Names each.
        """
        former = self.settings.get(changed)
        if former is None:
            return
        now = json.loads(json.dumps(settings))
        faults = [
            f"--{each}={now[each]}: it is {former.get(each)} there" for each in now if now[each] != former.get(each)
        ]
        if faults:
            raise UsageError("\n".join([f"--resume={name}: {changed} was begun with other settings:", *faults]))


def begin_series(output: Output, command: str, flags: Mapping[str, Any] = MappingProxyType({})) -> Series:
    """Make the folder of a series; raises as `new_run.create`."""
    series = Series(new_run.create(output, datetime.now()).path, command, flags=dict(flags))
    series.write()
    return series


def is_series(name: str) -> bool:
    """Whether a name means the folder of a series."""
    return name != "latest" and (under_logs(Path(name)) / NAME).is_file()


def read_series(folder: Path) -> Series:
    """Return the series in a folder.

    Raises
    ------
    ModelFileError
        If its file is damaged.
    """
    try:
        record = json.loads((folder / NAME).read_text(encoding="utf-8"))
        runs = {str(changed): Path(each["run"]) for changed, each in record["runs"].items()}
        settings = {str(changed): dict(each["settings"]) for changed, each in record["runs"].items()}
        flags, complete = dict(record["flags"]), bool(record["complete"])
        return Series(folder, str(record["command"]), runs, settings, flags, complete)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFileError(f"{folder / NAME}: cannot be read ({error}); begin the runs anew") from error


def unfinished_series(name: str, command: str) -> Series:
    """Return the series that `name` means: its folder, its name in logs/, or `latest`, the newest that is not complete.

    Raises
    ------
    UsageError
        If there is none, or it is complete.
    ModelFileError
        If its file is damaged.
    """
    if name == "latest":
        files = sorted(run_folder.LOGS.glob(f"grid_*/{NAME}"), key=lambda file: file.stat().st_mtime_ns)
        found = [each for each in map(read_series, (file.parent for file in files)) if each.command == command]
        found = [each for each in found if not each.complete]
        if not found:
            raise UsageError(f"--resume=latest: no grid of {command} in {run_folder.LOGS}/ was killed or interrupted")
        return found[-1]
    if not is_series(name) or (series := read_series(under_logs(Path(name)))).command != command:
        what = "curve of labels" if command == CURVE else f"grid of {command}"
        raise UsageError(
            f"--resume={name}: holds no {what}; name the folder that a grid left, grid_<date>_<time>, together with "
            "its grid:, or one run without a grid:"
        )
    if series.complete:
        raise UsageError(f"--resume={name}: all of its runs are there; look at {series.folder}")
    return series


def deciding(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flags that decide about a result, as plain values."""
    return {name: value for name, value in flags.items() if name not in _ASIDE}
