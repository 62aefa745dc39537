"""A training that was killed or interrupted, and is to go on: which run, and by what settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import DataError, ModelFileError, UsageError
from ..settings import Settings
from ..settings.fields import Section, fields, parse
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

#: What trains longer, by command.
_LONGER = {"classify": " --epochs=...", "cluster": " --rounds=..."}
_LONGER |= dict.fromkeys(("run", "restore_train"), " --train_epochs=...")


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
_MOVABLE = {"train_dir", "valid_dir", "test_dir", "modified", "original"}
_MOVABLE |= {"images", "unlabelled", "labels", "names", "run"}
_MOVABLE |= {f"{part}_{kind}" for part in ("train", "test") for kind in ("images", "labels")}
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
        raise UsageError("\n".join([_differs(name), *faults]))
    return Unfinished(name, run, _joined(asked, kept), made)


def unfinished_sections(name: str, command: str, asked: Sequence[Section]) -> tuple[Unfinished, list[Any]]:
    """Return the run that `name` means, and the sections of settings that it goes on with.

    Parameters
    ----------
    name, command : str
        As for `unfinished`.
    asked : sequence of Section
        All that decides; nothing may differ from what the run has but the place of the images and the encoder.

    Raises
    ------
    UsageError
        If there is no such run, it is complete, or settings differ: each is named.
    """
    run, made = unfinished_run(name, command)
    return Unfinished(name, run, None, made), kept_sections(name, _flags(run, made), asked)


def kept_sections(name: str, flags: Mapping[str, Any], asked: Sequence[Section]) -> list[Any]:
    """Return the sections of settings in the `flags` that were kept; raises where what is `asked` differs."""
    known = fields(map(type, asked))
    kept = parse({each: value for each, value in flags.items() if each in known}, list(map(type, asked)))
    if faults := [fault for given, former in zip(asked, kept, strict=True) for fault in _changes(given, former)]:
        raise UsageError("\n".join([_differs(name), *faults]))
    return [_moved(*pair) for pair in zip(asked, kept, strict=True)]


def kept_flags(name: str, command: str) -> dict[str, Any]:
    """Return the flags that a run was begun with, which need not be given again; raises as `unfinished_run`."""
    return _flags(*unfinished_run(name, command))


def _flags(run: Run, made: Provenance) -> dict[str, Any]:
    # What a provenance has read from a file is no flag.
    return run.flags() | {each: value for each, value in made.settings.items() if not isinstance(value, dict)}


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
            f"--config={run.settings_file}{_LONGER[command]}{cluster}"
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


def _differs(name: str) -> str:
    return f"--resume={name}: a training goes on with its own settings; leave out:"


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
    parts = [part for part in ("data", "pairs", "training") if hasattr(kept, part)]
    changed = {part: _moved(getattr(asked, part), getattr(kept, part)) for part in parts}
    output = {each: getattr(asked.output, each) for each in asked.output.model_fields_set}
    return kept.model_copy(update={**changed, "output": kept.output.model_copy(update=output)})


def _moved(given: Section, former: Section) -> Section:
    """Return a kept section with what may differ as it is given."""
    named = sorted(given.model_fields_set & (_MOVABLE | {"train_epochs"}))
    return former.model_copy(update={each: getattr(given.absolute(), each) for each in named})


def _all_changes(asked: Any, kept: Any) -> Iterator[str]:
    for part in _DECIDING:
        if hasattr(kept, part):
            yield from _changes(getattr(asked, part), getattr(kept, part))


def _changes(given: Section, former: Section) -> Iterator[str]:
    absolute = given.absolute()
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


def check_encoder(going_on: Unfinished, made: Provenance) -> None:
    """Refuse to go on from another encoder than the one that the training began with.

    Raises
    ------
    ModelFileError
        Says which file it was.
    """
    before, now = going_on.made.encoder or {}, made.encoder or {}
    if before.get("sha256") != now.get("sha256"):
        raise ModelFileError(
            f"--resume={going_on.name}: the encoder that it began with, {before.get('file', 'of no file')}, changed: "
            "put back what was there, or begin anew"
        )
