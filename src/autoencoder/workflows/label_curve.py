"""What labels give: one experiment repeated for several numbers of labels, with and without pretraining."""

from __future__ import annotations

import itertools
import logging
import math
import shlex
from pathlib import Path
from typing import Any

from ..data.listing import Images
from ..errors import DivergedError, Interrupted, UserError
from ..plots.classes import label_curve
from ..settings.classification import Classifier
from ..storage.classifier import ClassifierRun
from ..storage.csv_files import write_csv
from ..storage.provenance import read_provenance
from ..storage.run import Run
from .classify import ClassifierSource, classify
from .labelled import LabelledSplits
from .series import CURVE, Series, begin_series
from .unfinished import Unfinished

log = logging.getLogger("autoencoder")


def draw_label_curve(
    source: ClassifierSource,
    data: LabelledSplits[Images],
    wanted: Classifier,
    *,
    save_every: float | None = None,
    series: Series | None = None,
) -> Path:
    """Fit a classifier for each number of labels, by each way to begin; save a table and its picture, and say both.

    Parameters
    ----------
    source : ClassifierSource
    data : LabelledSplits
    wanted : Classifier
    save_every : float, optional
        Seconds from one kept state of a training to the next.
    series : Series, optional
        The curve that is gone on with.

    Returns
    -------
    Path
        The folder that holds labels.csv and labels.png. Every classifier has a run of its own.

    Raises
    ------
    UserError
        Of any kind; see the exit statuses. After an `Interrupted`, and where one of the trainings diverged, the table
        of the others is there.
    """
    if series is None:
        output = source.output.model_copy(update={"save_prefix": "labels"})
        series = begin_series(output, CURVE, source.flags(wanted))
    ways, failed = _ways(wanted), None
    found = {way: dict.fromkeys(map(str, wanted.labels_per_class), math.nan) for way in ways}
    for count, way in itertools.product(wanted.labels_per_class, ways):
        name = f"{count} labels a class, {way}"
        one = wanted.model_copy(update={"labels_per_class": (count,), **ways[way]})
        log.info(f"\n{name}")
        try:
            found[way][str(count)] = _accuracy(series, name, source, data, one, save_every)
        except Interrupted as error:
            if series.status(name) == "done":  # complete when the signal came
                found[way][str(count)] = _accuracy(series, name, source, data, one, save_every)
            _write(series, found, data)
            to_go_on = f"to go on with all of it: flexae classify --resume={shlex.quote(str(series.folder))}"
            raise Interrupted(f"{error}; the curve so far is in {series.folder}; {to_go_on}", error.signal) from error
        except DivergedError as error:
            failed = error
            log.warning(f"{name}: {error}")
        except (UserError, KeyboardInterrupt, SystemExit):
            _write(series, found, data)
            raise
    series.complete = True
    series.write()
    _write(series, found, data)
    if failed is not None:
        raise failed
    return series.folder


def _accuracy(
    series: Series,
    name: str,
    source: ClassifierSource,
    data: LabelledSplits[Images],
    wanted: Classifier,
    save_every: float | None,
) -> float:
    """Fit one classifier of a curve, or go on with it, or read what it gave, and return its accuracy."""
    if series.status(name) == "done":
        return float(Run(series.runs[name]).scores()["accuracy"])
    if series.status(name) == "diverged":
        raise DivergedError(f"diverged before; what is kept of it is in {series.runs[name]}", None)
    path = series.place(name, "classifier", wanted.to_flags())
    made = read_provenance(Run(path).provenance_file)
    going_on = None if made is None else Unfinished(str(path), Run(path), None, made)
    output = source.output.model_copy(update={"save_dir": path})
    found = classify(source._replace(output=output), data, wanted, save_every=save_every, going_on=going_on)
    return float(found.evaluation.scores["accuracy"])


def _write(series: Series, found: dict[str, dict[str, float]], data: LabelledSplits[Images]) -> None:
    """Write what there is of a curve, and say it."""
    folder, counts = ClassifierRun(series.folder), list(next(iter(found.values())))
    lines = {way: list(each.values()) for way, each in found.items()}
    head = ("labels_per_class", *(way.replace(" ", "_") for way in lines))
    cells = [["" if math.isnan(value) else value for value in each] for each in lines.values()]
    write_csv(folder.labels_file, [head, *zip(counts, *cells, strict=True)])
    scored_on = "test" if data.test is not None else "validation"
    label_curve(counts, lines, scored_on, folder.labels_picture)
    log.info(f"\naccuracy on the {scored_on} images\n{table(counts, lines)}\nlook at {folder.labels_picture}")


def _ways(wanted: Classifier) -> dict[str, dict[str, Any]]:
    """Name the ways to begin, and what each changes in the settings."""
    plain = {"unlabelled": None, "confidence": Classifier().confidence}
    ways: dict[str, dict[str, Any]] = {"scratch": {"scratch": True, **plain}}
    if wanted.scratch:
        return ways
    ways["pretrained"] = plain
    return ways if wanted.unlabelled is None else {**ways, "labels spread": {}}


def table(counts: list[str], found: dict[str, list[float]]) -> str:
    """Return accuracies as lines of text: a row a number of labels, a column a way."""
    head = f"{'labels':>8}" + "".join(f"{name:>16}" for name in found)
    rows = zip(counts, *found.values(), strict=True)
    return "\n".join([head, *(f"{count:>8}" + "".join(map(_cell, values)) for count, *values in rows)])


def _cell(value: float) -> str:
    return f"{'-':>16}" if math.isnan(value) else f"{value:>16.4f}"
