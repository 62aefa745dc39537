"""What a classifier's run holds beside what every run does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelFileError
from ..files import write_text
from .csv_files import write_csv
from .lookup import find
from .run import LOGS, Run


@dataclass(frozen=True)
class ClassifierRun(Run):
    """A run that `classify` left, or the curve of several."""

    @property
    def classifier(self) -> Path:
        """Images to probabilities of classes."""
        return self.path / "classifier.keras"

    @property
    def classes_file(self) -> Path:
        """The names of the classes, in the order of the probabilities."""
        return self.path / "classes.json"

    @property
    def report_file(self) -> Path:
        """Precision, recall and F1 of each class."""
        return self.path / "classification_report.csv"

    @property
    def confusion_picture(self) -> Path:
        """Which classes were taken for which."""
        return self.path / "confusion.png"

    @property
    def mistakes_picture(self) -> Path:
        """The images that a classifier was most wrong about."""
        return self.path / "mistakes.png"

    @property
    def labels_file(self) -> Path:
        """Accuracies by number of labels."""
        return self.path / "labels.csv"

    @property
    def labels_picture(self) -> Path:
        """The same as a curve."""
        return self.path / "labels.png"

    def predictions(self, root: Path) -> Path:
        """The classes of the images in `root`."""
        return self.path / f"predictions_{root.name or 'images'}.csv"

    def write_report(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write the classification report, whose first row is its head."""
        write_csv(self.report_file, rows)

    def write_classes(self, classes: Sequence[str]) -> None:
        """Write the names of the classes."""
        write_text(self.classes_file, json.dumps(list(classes)) + "\n")

    def classes(self) -> list[str]:
        """Read the names of the classes back.

        Raises
        ------
        ModelFileError
            If they are not there.
        """
        try:
            names = json.loads(self.classes_file.read_text(encoding="utf-8"))
            if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
                raise ValueError("it holds no list of names")
            return names
        except (OSError, ValueError, RecursionError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise ModelFileError(
                f"{self.classes_file}: the names of the classes cannot be read ({why}); classify again, or restore a "
                "copy"
            ) from error


def find_classifier(name: str) -> ClassifierRun:
    """Return the classifier's run in folder `name`, or the newest one under logs/ where `name` is `latest`.

    Raises
    ------
    UsageError
        If there is no such run.
    """
    return ClassifierRun(find(name, "classifier").path)


def evaluation_classifier_run(key: str) -> ClassifierRun:
    """Return the folder of an evaluation classifier, which is kept once for many runs; `key` is its provenance's."""
    return ClassifierRun(LOGS / "evaluation_classifiers" / key)
