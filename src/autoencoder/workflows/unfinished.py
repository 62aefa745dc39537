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
from ..storage.lock import in_training
from ..storage.lookup import under_logs
from ..storage.provenance import Provenance, read_provenance
from ..storage.run import Run
from ..storage.state import has_state
from .backbone import with_backbone
from .features import with_features
from .neighbourhood import with_neighbours


class Unfinished(NamedTuple):
    """A run whose training is to go on, as it was named, by which settings, and what began it."""

    name: str
    run: Run
    settings: Any
    made: Provenance


#: The sections of settings that decide how training goes.
_DECIDING = ("data", "pairs", "codes", "architecture", "training")
#: Where an output must not be named anew.
_PLACES = {"save_dir", "save_prefix"}
#: Where the images lie does not matter, as long as they are the same.
_MOVABLE = {"train_dir", "valid_dir", "modified", "original"}
#: Where none is auto, and the program has chosen.
_CHOSEN = {"image_shape", "color", "precision"}


def unfinished(name: str, command: str, asked: Settings | RestoreSettings) -> Unfinished:
    """Return the run that `name` means, with the settings that it goes on with.

    Parameters
    ----------
    name : str
        A folder, a name under logs/, or `latest`: the newest run of the command that can be gone on with.
    command : str
        The command that began it, as its provenance says.
    asked : Settings or RestoreSettings
        What is given now: nothing may differ from what the run has but `train_epochs`, which may be higher, and the
        place of the images.

    Raises
    ------
    UsageError
        If there is no such run, its training is complete, or settings differ: each is named.
    ModelFileError
        If its settings are damaged.
    """
    run, made = unfinished_run(name, command)
    kept = _kept(run, made, type(asked))
    faults = list(_all_changes(_completed(asked, kept), kept))
    faults += [
        f"--{each} names a folder, and the run has one" for each in sorted(asked.output.model_fields_set & _PLACES)
    ]
    if faults:
        raise UsageError("\n".join([f"--resume={name}: a training goes on with its own settings; leave out:", *faults]))
    return Unfinished(name, run, _joined(asked, kept), made)


def unfinished_run(name: str, command: str) -> tuple[Run, Provenance]:
    """Return the run that `name` means, and what began it; names and errors are those of `unfinished`."""
    run = _latest(command) if name == "latest" else Run(under_logs(Path(name)))
    return run, check_open(name, run, command)


def check_open(name: str, run: Run, command: str) -> Provenance:
    """Return what began a run; refuse one whose training is complete, or which another command began."""
    made = read_provenance(run.provenance_file)
    if made is None and has_state(run):
        raise UsageError(
            f"--resume={name}: {run.provenance_file} is missing or damaged, and nothing else says which images it "
            f"began with; train anew: flexae {command} --config={run.settings_file}"
        )
    if made is None or made.command != command:
        why = "no such run" if not run.path.is_dir() else f"holds no run of {command}"
        raise UsageError(f"--resume={name}: {why}; name the folder of one that was killed or interrupted")
    if not _open(run, made):
        cluster = f"; to cluster it: flexae cluster {run.path}" if command == "run" else ""
        raise UsageError(
            f"--resume={name}: its training is complete; to train longer, repeat it: flexae {command} "
            f"--config={run.settings_file} --train_epochs=...{cluster}"
        )
    return made


def _latest(command: str) -> Run:
    found = []
    for file in run_folder.LOGS.glob("[!.]*/provenance.json"):
        run, made = Run(file.parent), read_provenance(file)
        if made is not None and made.command == command and _open(run, made) and not in_training(run):
            found.append((file.stat().st_mtime_ns, run.path))
    if not found:
        raise UsageError(f"--resume=latest: no run of {command} in {run_folder.LOGS}/ was killed or interrupted")
    return Run(max(found)[1])


def _open(run: Run, made: Provenance) -> bool:
    return not made.finished or has_state(run)


def _kept(run: Run, made: Provenance, kind: Any) -> Any:
    """Return the settings that a training began with; those in settings.yml may be of more epochs, and no others."""
    if not made.settings:
        return kind.from_flags(run.flags())
    kept = kind.from_flags({name: value for name, value in made.settings.items() if name != "save_dir"})
    if not run.settings_file.is_file():
        return kept
    written = kind.from_flags(run.flags())
    if faults := list(_all_changes(written, kept)):
        raise UsageError(
            "\n".join([f"{run.settings_file}: was changed since the training began; put back what was there:", *faults])
        )
    return _joined(written, kept)


def _completed(asked: Any, kept: Any) -> Any:
    """Return what is given now, with what follows from it, as a run's settings are written."""
    if isinstance(asked, Settings):
        asked = asked.resolved()
        asked = asked.model_copy(
            update={
                "architecture": with_backbone(asked.architecture),
                "training": with_neighbours(asked.training),
            }
        )
    if "feature_weights" in asked.training.model_fields_set:
        asked = asked.model_copy(update={"training": with_features(asked.training, kept.image_shape)})
    return asked


def _joined(asked: Any, kept: Any) -> Any:
    """Return the kept settings with what may differ as it is given."""
    changed = {}
    for part, names in (("data", _MOVABLE), ("pairs", _MOVABLE), ("training", {"train_epochs"})):
        if hasattr(kept, part):
            given = getattr(asked, part)
            named = {each: getattr(given.absolute(), each) for each in sorted(given.model_fields_set & names)}
            changed[part] = getattr(kept, part).model_copy(update=named)
    output = {each: getattr(asked.output, each) for each in asked.output.model_fields_set}
    return kept.model_copy(update={**changed, "output": kept.output.model_copy(update=output)})


def _all_changes(asked: Any, kept: Any) -> Iterator[str]:
    for part in _DECIDING:
        if hasattr(kept, part):
            yield from _changes(asked, kept, part)


def _changes(asked: Any, kept: Any, part: str) -> Iterator[str]:
    given: Section = getattr(asked, part)
    absolute, former = given.absolute(), getattr(kept, part)
    for name in sorted(given.model_fields_set):
        now, before = getattr(absolute, name), getattr(former, name)
        if now == before or now == "auto" or (now is None and name in _CHOSEN):
            continue
        if name == "train_epochs" and now > before:
            continue
        if name in _MOVABLE and None not in (now, before):
            continue
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
        counts = before.get("count"), now.get("count")
        how = (
            f"{counts[0]} then, {counts[1]} now"
            if counts[0] != counts[1]
            else f"{counts[0]}, of other names or contents"
        )
        raise DataError(
            f"--resume={going_on.name}: the images changed since it began ({how}): put back what was there, or train "
            "anew"
        )
