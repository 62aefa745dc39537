"""A run's folder. This is the only module that knows the names of the files in it."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from .aescore import TIME_FORMAT
from .errors import DiskError, UsageError
from .files import write_text
from .restore_settings import RestoreSettings
from .settings import Output, Settings

LOGS = Path("logs")
#: Files that hold an encoder, whether or not they lie in a run's folder.
ENCODER_SUFFIXES = (".keras", ".h5", ".onnx")
#: Where decoded images lie that do not fit into memory; it may be emptied at any time.
CACHE = LOGS / ".cache"
#: The model that tells which command made a run.
_MODEL_OF = {"run": "encoder.keras", "classify": "classifier.keras", "restore_train": "autoencoder.keras"}


@dataclass(frozen=True)
class Run:
    """A folder that holds all that a training left, and what is needed to repeat it."""

    path: Path

    @property
    def autoencoder(self) -> Path:
        """The whole model: images to reconstructions."""
        return self.path / "autoencoder.keras"

    @property
    def encoder(self) -> Path:
        """Images to embeddings."""
        return self.path / "encoder.keras"

    def exported(self, form: str) -> Path:
        """The encoder for other programs, in a format of model/export.py."""
        return self.path / {"saved_model": "encoder_saved_model"}.get(form, f"encoder.{form}")

    @property
    def decoder(self) -> Path:
        """Embeddings to images."""
        return self.path / "decoder.keras"

    @property
    def autoencoder_h5(self) -> Path:
        """The whole model under the original program's name."""
        return self.path / "ae_weights.h5"

    @property
    def encoder_h5(self) -> Path:
        """The encoder under the original program's name."""
        return self.path / "en_weights.h5"

    @property
    def settings_file(self) -> Path:
        """What `--config` reads back to repeat the run."""
        return self.path / "settings.yml"

    @property
    def history_file(self) -> Path:
        """A row an epoch."""
        return self.path / "history.csv"

    @property
    def scores_file(self) -> Path:
        """Every score, with the figures of the training."""
        return self.path / "scores.json"

    @property
    def bad_files(self) -> Path:
        """The files that could not be used, each with its reason."""
        return self.path / "bad_files.csv"

    @property
    def loss_picture(self) -> Path:
        """Loss by epoch."""
        return self.path / "loss.png"

    @property
    def model_picture(self) -> Path:
        """The layers of the network."""
        return self.path / "model.png"

    def embeddings(self, source: Path, suffix: str) -> Path:
        """The embeddings of the images in `source`, as `.parquet` or `.npy`."""
        return self.path / "embeddings" / f"{source.resolve().name}{suffix}"

    def clustering(self, method: str, k: int) -> Path:
        """The folder of a clustering."""
        return self.path / "clusters" / f"{method}_k{k}"

    @property
    def grid_file(self) -> Path:
        """What was changed in each run of a grid, and its lowest loss."""
        return self.path / "grid.csv"

    def flags(self) -> dict[str, Any]:
        """Read the flags that the run was made with, of whichever command; none where the folder does not say."""
        if not self.settings_file.is_file():
            return {}
        return dict(yaml.safe_load(self.settings_file.read_text(encoding="utf-8")))

    def settings(self) -> Settings:
        """Read the settings of a training back."""
        return Settings.from_flags(self.flags())

    @property
    def restored_picture(self) -> Path:
        """Test images of a restoring run: modified, restored, original."""
        return self.path / "restored_test.png"

    @property
    def test_images(self) -> Path:
        """A row a test image of a restoring run, with its scores before and after."""
        return self.path / "test_images.csv"

    def comparison(self, part: str) -> Path:
        """Originals over reconstructions over their difference, of `part`: train or valid."""
        return self.path / f"comparison_{part}.png"

    def checkpoint(self, epoch: int) -> Path:
        """The whole model as it was after `epoch`."""
        return self.path / f"autoencoder_epoch{epoch:04d}.keras"

    def write_settings(self, settings: Settings | RestoreSettings) -> None:
        """Write the settings so that `--config` repeats the run."""
        elsewhere = settings.output.model_copy(update={"save_dir": None})
        write_text(self.settings_file, settings.model_copy(update={"output": elsewhere}).to_yaml())

    def write_scores(self, scores: Mapping[str, Any]) -> None:
        """Write the scores as JSON."""
        write_text(self.scores_file, json.dumps(scores, indent=2) + "\n")

    def scores(self) -> dict[str, Any]:
        """Read the scores back."""
        return dict(json.loads(self.scores_file.read_text(encoding="utf-8")))

    def write_history(self, history: Mapping[str, Sequence[Any]]) -> None:
        """Write a row an epoch."""
        write_csv(self.history_file, [list(history), *zip(*history.values(), strict=True)])

    def write_test_images(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a row a test image; all rows have the same columns."""
        write_csv(self.test_images, [list(rows[0]), *(list(row.values()) for row in rows)])

    def write_bad_files(self, bad: Sequence[tuple[str, str]]) -> None:
        """Write the table of files that could not be used, where there are any."""
        if bad:
            write_csv(self.bad_files, [("path", "reason"), *bad])


def write_csv(path: Path, rows: Sequence[Sequence[Any]]) -> None:
    """Write rows, of which the first is the head."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(path, text.getvalue())


def check_free(output: Output) -> None:
    """Refuse a `save_dir` that already holds something.

    Raises
    ------
    UsageError
        Nothing is ever overwritten.
    """
    folder = output.save_dir
    if folder is not None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"--save_dir={folder}: already holds something, and runs are never overwritten; name a new one"
        )


def create(output: Output, now: datetime) -> Run:
    """Make the folder of a new run: `save_dir`, or logs/<prefix>_<date>_<time> with a number where that is taken.

    Raises
    ------
    UsageError
        If `save_dir` already holds something.
    DiskError
        If the folder cannot be made.
    """
    check_free(output)
    try:
        if output.save_dir is not None:
            output.save_dir.mkdir(parents=True, exist_ok=True)
            return Run(output.save_dir)
        LOGS.mkdir(exist_ok=True)
        return Run(_new_folder(LOGS / f"{output.save_prefix}_{now.strftime(TIME_FORMAT)}"))
    except OSError as error:
        where = output.save_dir or LOGS
        raise DiskError(
            f"{where}: the run's folder cannot be made ({error.strerror}); choose another --save_dir"
        ) from error


def _new_folder(wanted: Path) -> Path:
    number = 1
    while True:
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}_{number}")
        try:
            folder.mkdir()
        except FileExistsError:  # another run began in the same second
            number += 1
        else:
            return folder


def find(name: str | os.PathLike[str], command: str = "run") -> Run:
    """Return the run in folder `name`, or the newest one under logs/ where `name` is `latest`.

    `command` is what makes such a run: `run` leaves an encoder, `classify` a classifier, `restore_train` neither.

    Raises
    ------
    UsageError
        If there is no such run.
    """
    if str(name) == "latest":
        runs = _by_age(command)
        if not runs:
            raise UsageError(f"latest: there is no run in {LOGS}/ yet that will do; make one with: flexae {command}")
        return Run(runs[-1])
    run = Run(Path(name))
    if command == "run" and not run.encoder.is_file() and run.autoencoder.is_file():
        raise UsageError(
            f"{name}: was trained with --skips and has no embedding; it can restore: flexae restore {name}"
        )
    if not (run.path / _MODEL_OF[command]).is_file():
        known = ", ".join(path.name for path in _by_age(command)[-3:])
        raise UsageError(f"{name}: no such run" + (f"; the newest ones in {LOGS}/ are {known}" if known else ""))
    return run


def find_restorer(name: str | os.PathLike[str]) -> tuple[Run, RestoreSettings]:
    """Return the run of restore_train in folder `name`, or the newest one under logs/ for `latest`, and its settings.

    Raises
    ------
    UsageError
        If there is no such run.
    """
    run = find(name, "restore_train")
    if not _restores(run):
        raise UsageError(f"{name}: no run of restore_train; train one with: flexae restore_train")
    return run, RestoreSettings.from_flags(run.flags())


def _restores(run: Run) -> bool:
    return "tile_side" in run.flags()


def locate(name: str) -> tuple[Run, Path]:
    """Return the run that `name` means, as for `find`, and its encoder; or an encoder's own file, and its folder.

    Raises
    ------
    UsageError
        If there is no such run.
    """
    path = Path(name)
    if path.suffix in ENCODER_SUFFIXES:
        return Run(path.parent), path
    run = find(name)
    return run, run.encoder


def trained_on(run: Run) -> Path:
    """Return the training images of a run.

    Raises
    ------
    UsageError
        If the folder does not say.
    """
    flags = run.flags()
    source = flags.get("images") or flags.get("train_dir")
    if source is None:
        raise UsageError(f"--images: {run.path} does not say what it was trained on; name a folder of images")
    return Path(source)


def _by_age(command: str) -> list[Path]:
    models = sorted(LOGS.glob(f"*/{_MODEL_OF[command]}"), key=lambda path: path.stat().st_mtime)
    return [path.parent for path in models if command != "restore_train" or _restores(Run(path.parent))]
