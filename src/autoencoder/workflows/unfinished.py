"""A training that was killed or interrupted, and is to go on: which run, and by what settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import DataError, UsageError
from ..settings import Settings
from ..settings.fields import Section
from ..settings.restoration import RestoreSettings
from ..storage import run as run_folder
from ..storage.lookup import under_logs
from ..storage.provenance import Provenance, read_provenance
from ..storage.run import Run
from ..storage.state import has_state


class Unfinished(NamedTuple):
    """A run whose training is to go on, by which settings, and what began it."""

    run: Run
    settings: Any
    made: Provenance


def unfinished(name: str, command: str, asked: Settings | RestoreSettings) -> Unfinished:
    """Return the run that `name` means, with the settings that it goes on with.

    Parameters
    ----------
    name : str
        A folder, a name under logs/, or `latest`: the newest run of the command that can be gone on with.
    command : str
        The command that began it, as its provenance says.
    asked : Settings or RestoreSettings
        What is given now: nothing but `train_epochs` may differ from what the run has.

    Raises
    ------
    UsageError
        If there is no such run, its training is complete, or settings differ: each is named.
    """
    run, made = unfinished_run(name, command)
    kept = type(asked).from_flags(run.flags())
    faults = [fault for part in _DECIDING if hasattr(kept, part) for fault in _changes(asked, kept, part)]
    named = sorted(asked.output.model_fields_set & _PLACES)
    faults += [f"--{each} names a folder, and the run has one" for each in named]
    if faults:
        raise UsageError("\n".join([f"--resume={name}: a training goes on with its own settings; leave out:", *faults]))
    epochs = asked.training.train_epochs if "train_epochs" in asked.training.model_fields_set else None
    training = kept.training if epochs is None else kept.training.model_copy(update={"train_epochs": epochs})
    output = kept.output.model_copy(
        update={each: getattr(asked.output, each) for each in asked.output.model_fields_set}
    )
    return Unfinished(run, kept.model_copy(update={"training": training, "output": output}), made)


def unfinished_run(name: str, command: str) -> tuple[Run, Provenance]:
    """Return the run that `name` means, and what began it; names and errors are those of `unfinished`."""
    run = _latest(command) if name == "latest" else Run(under_logs(Path(name)))
    made = read_provenance(run.provenance_file)
    if made is None or made.command != command:
        why = "no such run" if not run.path.is_dir() else f"holds no run of {command}"
        raise UsageError(f"--resume={name}: {why}; name the folder of one that was killed or interrupted")
    if not _open(run, made):
        raise UsageError(
            f"--resume={name}: its training is complete; to train longer, repeat it: flexae {command} "
            f"--config={run.settings_file} --train_epochs=..."
        )
    return run, made


#: The sections of settings that decide how training goes, and where an output must not be named anew.
_DECIDING = ("data", "pairs", "codes", "architecture", "training")
_PLACES = {"save_dir", "save_prefix"}


def _latest(command: str) -> Run:
    found = []
    for file in run_folder.LOGS.glob("[!.]*/provenance.json"):
        made = read_provenance(file)
        if made is not None and made.command == command and _open(Run(file.parent), made):
            found.append((file.stat().st_mtime_ns, file.parent))
    if not found:
        raise UsageError(f"--resume=latest: no run of {command} in {run_folder.LOGS}/ was killed or interrupted")
    return Run(max(found)[1])


def _open(run: Run, made: Provenance) -> bool:
    return not made.finished or has_state(run)


def _changes(asked: Any, kept: Any, part: str) -> Iterator[str]:
    given: Section = getattr(asked, part)
    absolute, former = given.absolute(), getattr(kept, part)
    for name in sorted(given.model_fields_set):
        now, before = getattr(absolute, name), getattr(former, name)
        if name == "train_epochs" and now >= before:
            continue
        if now != before:
            more = " (it may be raised)" if name == "train_epochs" else ""
            yield f"--{name}={given.to_flags()[name]}: it is {former.to_flags()[name]} there{more}"


def check_images(going_on: Unfinished, made: Provenance) -> None:
    """Refuse to go on with other images than those that the training began with.

    Raises
    ------
    DataError
        Says how many there were, and are.
    """
    before, now = going_on.made.source or {}, made.source or {}
    if before.get("fingerprint") != now.get("fingerprint"):
        raise DataError(
            f"--resume={going_on.run.path}: the images changed since it began ({before.get('count')} then, "
            f"{now.get('count')} now): put back what was there, or train anew"
        )
