"""A run's folder. This is the only module that knows the names of the files in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from ..data.source import ImageSource
from ..errors import ModelFileError, UsageError
from ..files import write_text
from ..settings import Data, Settings
from ..settings.fields import Section, parse
from ..settings.restoration import RestoreSettings
from ..settings.text import check_yaml, write_yaml
from . import provenance
from .csv_files import write_bad_files, write_csv

LOGS = Path("logs")
#: Files that hold an encoder, whether or not they lie in a run's folder.
ENCODER_SUFFIXES = (".keras", ".h5", ".onnx")
#: Where decoded images lie that do not fit into memory; it may be emptied at any time.
CACHE = LOGS / ".cache"
Kind = TypeVar("Kind", bound=Section)
#: The same safe rules, ten times as fast where PyYAML was built with its C library.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
        """Images to embeddings: encoder.keras; encoder.onnx where a network from elsewhere has no other form."""
        file, other = self.path / "encoder.keras", self.path / "encoder.onnx"
        return other if other.is_file() and not file.is_file() else file

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
    def learning_rate_picture(self) -> Path:
        """Loss by learning rate, where that was to be found."""
        return self.path / "learning_rate.png"

    @property
    def learning_rate_file(self) -> Path:
        """A row a batch of the range test that found the learning rate."""
        return self.path / "learning_rate.csv"

    @property
    def model_picture(self) -> Path:
        """The layers of the network."""
        return self.path / "model.png"

    def embeddings(self, root: Path) -> Path:
        """The embeddings of the images in `root`."""
        return self.path / "embeddings" / f"{root.name or 'images'}.parquet"

    def dataset(self, root: Path) -> Path:
        """The folder of the embeddings of the images in `root` where they are written in parts."""
        return self.path / "embeddings" / (root.name or "images")

    def evaluation(self, root: Path) -> Path:
        """How well the images in `root` are rebuilt."""
        return self.path / "evaluation" / f"{root.name or 'images'}.json"

    @property
    def report(self) -> Path:
        """The page that shows the run and the images that it was trained on."""
        return self.path / "report.html"

    def report_of(self, root: Path) -> Path:
        """The page that shows the images in `root`."""
        return self.path / f"report_{root.name or 'images'}.html"

    def found(self, command: str, root: Path) -> Path:
        """The folder of what a command that looks for images found in `root`."""
        return self.path / command / (root.stem or "images")

    def clustering(self, method: str, k: int) -> Path:
        """The folder of a clustering."""
        return self.path / "clusters" / f"{method}_k{k}"

    @property
    def tensorboard(self) -> Path:
        """The course of the training for TensorBoard."""
        return self.path / "tensorboard"

    @property
    def grid_file(self) -> Path:
        """What was changed in each run of a grid, and its lowest loss."""
        return self.path / "grid.csv"

    @property
    def provenance_file(self) -> Path:
        """What made the run, and whether it is finished."""
        return self.path / provenance.NAME

    def flags(self) -> dict[str, Any]:
        """Read the flags that the run was made with, of whichever command; none where the folder does not say.

        Raises
        ------
        ModelFileError
            If the file is damaged.
        """
        if not self.settings_file.is_file():
            return {}
        try:
            text = self.settings_file.read_text(encoding="utf-8")
            check_yaml(text)
            values = yaml.load(text, _LOADER)
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise _damaged(self.settings_file, error) from error
        if not isinstance(values, dict) or not values or not all(isinstance(name, str) for name in values):
            raise _damaged(self.settings_file, "it holds no lines of 'flag: value'")
        return values

    def section(self, kind: type[Kind]) -> Kind:
        """Read one section of the flags; what the file does not say has its default.

        Raises
        ------
        ModelFileError
            If the file is damaged.
        """
        return self._section(kind, self.flags())

    def _section(self, kind: type[Kind], flags: Mapping[str, Any]) -> Kind:
        try:
            return parse({name: flags[name] for name in kind.model_fields if name in flags}, [kind])[0]
        except UsageError as error:
            raise _damaged(self.settings_file, error) from error

    def settings(self) -> Settings:
        """Read the settings of a training back."""
        return Settings.from_flags(self.flags())

    def source(self) -> ImageSource | None:
        """Return the training images, and how they were read; None where the folder does not say.

        Raises
        ------
        ModelFileError
            If the file of settings is damaged.
        """
        flags = self.flags()
        root = flags.get("images") or flags.get("train_dir") or flags.get("train_images")
        return None if root is None else ImageSource.of(self._absolute(Path(str(root))), self._section(Data, flags))

    def _absolute(self, root: Path) -> Path:
        """Return where a folder lies; version 0.1 wrote it as seen from the folder that holds logs/."""
        seen_from = self.path.absolute().parent.parent
        return seen_from / root if (seen_from / root).exists() else root.absolute()

    @property
    def restored_picture(self) -> Path:
        """Test images of a restoring run: modified, restored, original."""
        return self.path / "restored_test.png"

    @property
    def test_images(self) -> Path:
        """A row a test image of a restoring run, with its scores before and after."""
        return self.path / "test_images.csv"

    @property
    def tiles_file(self) -> Path:
        """Which file is where in the pictures."""
        return self.path / "tiles.csv"

    def comparison(self, part: str) -> Path:
        """Originals over reconstructions over their difference, of `part`: train or valid."""
        return self.path / f"comparison_{part}.png"

    def checkpoint(self, epoch: int) -> Path:
        """The whole model as it was after `epoch`."""
        return self.path / f"autoencoder_epoch{epoch:04d}.keras"

    def write_settings(self, settings: Settings | RestoreSettings) -> None:
        """Write the settings so that `--config` repeats the run."""
        elsewhere = settings.output.model_copy(update={"save_dir": None})
        self.write_flags(settings.model_copy(update={"output": elsewhere}).to_flags())

    def write_flags(self, flags: Mapping[str, Any]) -> None:
        """Write the flags that the run was made with, of whichever command, so that `--config` repeats it."""
        write_text(self.settings_file, write_yaml(flags))

    def write_provenance(self, made: provenance.Provenance) -> None:
        """Write what made the run, and whether it is finished."""
        provenance.write_provenance(made, self.provenance_file)

    def write_scores(self, scores: Mapping[str, Any]) -> None:
        """Write the scores as JSON."""
        write_text(self.scores_file, json.dumps(scores, indent=2) + "\n")

    def scores(self) -> dict[str, Any]:
        """Read the scores back.

        Raises
        ------
        FileNotFoundError
            If there are none.
        ModelFileError
            If they are damaged.
        """
        try:
            scores = json.loads(self.scores_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise
        except (OSError, ValueError, RecursionError) as error:
            raise _damaged(self.scores_file, error) from error
        if not isinstance(scores, dict):
            raise _damaged(self.scores_file, "it holds no scores")
        return scores

    def write_history(self, history: Mapping[str, Sequence[Any]]) -> None:
        """Write a row an epoch."""
        write_csv(self.history_file, [list(history), *zip(*history.values(), strict=True)])

    def write_range_test(self, rates: Sequence[float], losses: Sequence[float], smoothed: Sequence[float]) -> None:
        """Write a row a batch of a range test."""
        head = ("learning_rate", "loss", "smoothed")
        write_csv(self.learning_rate_file, [head, *zip(rates, losses, smoothed, strict=True)])

    def write_test_images(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a row a test image; all rows have the same columns."""
        write_csv(self.test_images, [list(rows[0]), *(list(row.values()) for row in rows)])

    def write_bad_files(self, bad: Sequence[tuple[str, str]]) -> None:
        """Write the table of files that could not be used, where there are any."""
        write_bad_files(bad, self.bad_files)


def _damaged(path: Path, why: object) -> ModelFileError:
    reason = " ".join(str(why).split())
    return ModelFileError(f"{path}: is damaged ({reason}); repeat the run, or write the file again")
