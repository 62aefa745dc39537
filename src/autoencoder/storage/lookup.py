"""What RUN and CLUSTERING mean on the command line: a path, a name under logs/, or `latest`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ..data.source import ImageSource, changed_rules
from ..errors import DataError, ModelFileError, UsageError
from ..settings import Reading
from ..settings.restoration import RestoreSettings
from . import provenance
from .run import ENCODER_SUFFIXES, LOGS, Run

#: The file that each kind of run is used by, and the command that makes one.
_MODELS = {
    "encoder": "encoder.keras",
    "autoencoder": "autoencoder.keras",
    "classifier": "classifier.keras",
    "restorer": "autoencoder.keras",
}
_MAKERS = {"encoder": "run", "autoencoder": "run", "classifier": "classify", "restorer": "restore_train"}
#: What the commands leave whose run holds a network from elsewhere.
_OF_ENCODERS = ("cluster", "encode", "similar", "outliers", "duplicates", "suspects", "report")
_KINDS = {"run": "encoder", "classify": "classifier", "restore_train": "restorer"}
_KINDS |= dict.fromkeys(_OF_ENCODERS, "encoder")
_NEWEST = 3
_CLUSTERINGS = "clusters/[!.]*"


class _Described(NamedTuple):
    """What kind of run a folder holds, and whether it is finished and did not diverge."""

    kind: str
    finished: bool


def find(name: str | os.PathLike[str], kind: str = "encoder") -> Run:
    """Return the run that `name` means: a folder, one under logs/, or `latest`, the newest one that is good.

    The newest one is of those that are finished and did not diverge.

    Parameters
    ----------
    name : str or path
    kind : {"encoder", "autoencoder", "classifier", "restorer"}
        What the run must have left.

    Raises
    ------
    UsageError
        If there is no such run, or it has no such model.
    """
    if str(name) == "latest":
        found = _finished(kind)
        if not found:
            raise UsageError(
                f"latest: there is no run in {LOGS}/ yet that will do; make one with: flexae {_MAKERS[kind]}"
            )
        return Run(found[-1])
    run = Run(under_logs(Path(name)))
    if not run.path.is_dir():
        known = ", ".join(path.name for path in _finished(kind)[-_NEWEST:])
        raise UsageError(f"{name}: no such run" + (f"; the newest ones in {LOGS}/ are {known}" if known else ""))
    described, there = _describe(run), _model(run.path, kind).is_file()
    if described is not None and described.kind != _described_as(kind) and not (there and kind == "encoder"):
        why = " with --skips and has no embedding" if kind == "encoder" and run.flags().get("skips") else ""
        raise UsageError(
            f"{name}: was made by {_MAKERS[described.kind]}{why}, and this command takes what {_MAKERS[kind]} leaves"
        )
    if not there and run.flags().get("embeddings"):
        raise UsageError(
            f"{name}: was made by cluster --embeddings and holds no encoder, which this command needs; name a run with "
            "one, or look at its clusters with: flexae show"
        )
    if not there:
        why = "is not finished" if described is not None else "holds no run"
        raise UsageError(
            f"{name}: {why}: there is no {_MODELS[kind]} in it; make one with: flexae {_MAKERS[kind]}"
            + (f" --config={run.settings_file}" if run.settings_file.is_file() else "")
        )
    return run


def under_logs(path: Path) -> Path:
    """Return the path, or what has that name under logs/ where the path itself leads nowhere."""
    inside = LOGS / path
    return inside if not path.exists() and not path.is_absolute() and inside.exists() else path


def _finished(kind: str) -> list[Path]:
    """Return the finished runs of a kind under logs/, the newest last."""
    found = (_model(folder, kind) for folder in LOGS.glob("[!.]*"))
    there = [path for path in found if path.is_file()]
    models = sorted(there, key=lambda path: (path.stat().st_mtime_ns, path))
    wanted = _Described(_described_as(kind), True)
    return [path.parent for path in models if _describe(Run(path.parent)) == wanted]


def _model(folder: Path, kind: str) -> Path:
    """Return the file that a run of a kind is used by."""
    return Run(folder).encoder if kind == "encoder" else folder / _MODELS[kind]


def _described_as(kind: str) -> str:
    """Return the kind of run that leaves such a model: an autoencoder lies beside its encoder."""
    return "encoder" if kind == "autoencoder" else kind


def _describe(run: Run) -> _Described | None:
    """Say what a run is; None where the folder holds none, or its settings are damaged."""
    try:
        flags = run.flags()
    except ModelFileError:
        return None
    made = provenance.read_provenance(run.provenance_file)
    if made is not None:
        usable = made.finished and not _diverged(run)
        return _Described(_KINDS[made.command], usable) if made.command in _KINDS else None
    return _describe_former(run, flags) if flags else None


def _diverged(run: Run) -> bool:
    """Whether a training ended for a loss that was no number; damaged scores say nothing."""
    try:
        return bool(run.scores().get("status") == "diverged")
    except (OSError, ModelFileError):
        return False


def _describe_former(run: Run, flags: dict[str, object]) -> _Described:
    """Say what a run of version 0.1 is, which kept no provenance, by its settings and what it wrote last."""
    if "rounds" in flags:
        clustered = any(run.path.glob("clusters/*/clustering.json"))
        # One that collapsed in its first round has a history of no row.
        learned = run.history_file.is_file() and len(run.history_file.read_text("utf-8").splitlines()) > 1
        return _Described("encoder", clustered and learned)
    kind = "restorer" if "tile_side" in flags else "classifier" if "units" in flags else "encoder"
    return _Described(kind, run.scores_file.is_file())


def kind_of(folder: Path) -> str | None:
    """Return what kind of run a folder holds, "encoder", "classifier" or "restorer"; None where it holds none."""
    found = _describe(Run(folder))
    return None if found is None else found.kind


def find_restorer(name: str | os.PathLike[str]) -> tuple[Run, RestoreSettings]:
    """Return the run of restore_train that `name` means, as for `find`, and its settings.

    Raises
    ------
    UsageError
        If there is no such run.
    ModelFileError
        If its settings are damaged.
    """
    run = find(name, "restorer")
    try:
        return run, RestoreSettings.from_flags(run.flags())
    except UsageError as error:
        if not run.settings_file.is_file():
            raise ModelFileError(f"{run.settings_file}: is missing; restore_train again, or restore a copy") from error
        said = "; ".join(str(error).splitlines())
        raise ModelFileError(
            f"{run.settings_file}: is no file of restore_train's settings ({said}); restore_train again, or restore a "
            "copy"
        ) from error


def find_autoencoder(name: str) -> Run:
    """Return the run that `name` means, as for `find`, which holds a whole autoencoder and not an encoder alone.

    Raises
    ------
    UsageError
        If there is no such run.
    """
    path = under_logs(Path(name))
    if path.suffix in ENCODER_SUFFIXES and not path.is_dir():
        raise UsageError(f"{name}: is a file, and this command needs a whole autoencoder; name the folder of its run")
    run, kind = Run(path), kind_of(path)
    if kind == "restorer":
        raise UsageError(
            f"{name}: was made by restore_train, which scores its own test images in {run.test_images.name}; name a "
            "run of: flexae run"
        )
    if kind == "encoder" and run.encoder.is_file() and not run.autoencoder.is_file():
        raise UsageError(
            f"{name}: holds an encoder alone, which rebuilds no image; name the run that it came from, or make one "
            "with: flexae run"
        )
    return find(name, "autoencoder")


def locate(name: str) -> tuple[Run, Path]:
    """Return the run that `name` means, as for `find`, and its encoder; or an encoder's own file, and its folder.

    Raises
    ------
    UsageError
        If there is no such run.
    ModelFileError
        If there is no such file.
    """
    path = Path(name)
    if path.suffix in ENCODER_SUFFIXES and not path.is_dir():
        file = under_logs(path)
        if not file.is_file():
            raise ModelFileError(f"no such model file: {name}; name an encoder's file, a run's folder, or latest")
        return Run(file.parent), file
    run = find(name)
    return run, run.encoder


def images_of(run: Run, images: Path | None, reading: Reading) -> ImageSource:
    """Return the images that a command shall take: those that are named, or those that a run was trained on.

    How they are read is as in the training, unless `reading` says otherwise. Which classes and how many images were
    taken is kept only where no other `images` are named.

    Raises
    ------
    UsageError
        If the run does not say what it was trained on.
    DataError
        If that is not there any more.
    ModelFileError
        If the run's settings are damaged.
    """
    return choose_images(run.source(), str(run.path), images, reading)


def choose_images(kept: ImageSource | None, where: str, images: Path | None, reading: Reading) -> ImageSource:
    """Return the images as `images_of` does, from what a run or a clustering, named by `where`, has kept."""
    if images is None and kept is None:
        raise UsageError(f"--images: {where} does not say what it was trained on; name a folder of images")
    if images is None and kept is not None and not kept.root.exists():
        raise DataError(
            f"{kept.root}: is not there any more, and {where} was made from it; name its images by --images=FOLDER"
        )
    if kept is None or images is not None:
        root = (images or Path()).absolute()
        kept = ImageSource(root) if kept is None else ImageSource(root, max_bad=kept.max_bad, rules=kept.rules)
    given = {name: getattr(reading, name) for name in ("categories", "max_images", "max_bad", "quality")}
    given = {name: value for name, value in given.items() if value is not None}
    return replace(kept, **given, rules=changed_rules(kept.rules, reading))


def find_clustering(name: str | os.PathLike[str]) -> Path:
    """Return the folder of the clustering that `name` means: a path, a name under logs/, or `latest`.

    Raises
    ------
    UsageError
        If there is no such clustering.
    """
    if str(name) == "latest":
        found = list(_clusterings())
        if not found:
            raise UsageError(f"latest: there is no clustering in {LOGS}/ yet; make one with: flexae cluster latest")
        return max(found, key=lambda path: path.stat().st_mtime_ns).parent
    path = under_logs(Path(name))
    if not path.is_dir():
        known = ", ".join(str(found.parent) for found in sorted(_clusterings())[-_NEWEST:])
        raise UsageError(f"{name}: no such clustering" + (f"; there are {known}" if known else ""))
    inside = ", ".join(str(found.parent) for found in sorted(path.glob(f"{_CLUSTERINGS}/clustering.json")))
    if inside and not (path / "clustering.json").exists():
        raise UsageError(f"{name}: is a run; name one of its clusterings: {inside}")
    return path


def clusterings_folder(name: str | os.PathLike[str]) -> Path:
    """Return the folder that holds clusterings: that of a run, as for `locate`, or a clustering's own.

    Raises
    ------
    UsageError, ModelFileError
        As `locate`.
    """
    path = under_logs(Path(name))
    return path if (path / "clustering.json").is_file() else locate(str(name))[0].path


def _clusterings() -> Iterator[Path]:
    """Yield the file that describes each clustering under logs/."""
    yield from LOGS.glob(f"[!.]*/{_CLUSTERINGS}/clustering.json")
