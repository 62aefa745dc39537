"""The labelled images of a classifier: those to learn from, those for validation, those for the test."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..data.idx import scan_idx
from ..data.labels import (
    check_classes,
    check_divisible,
    check_folders,
    check_known,
    check_left,
    draw,
    read_labels,
    with_labels,
)
from ..data.listing import Images, Listing, check_usable
from ..data.load import load
from ..data.notes import find_range, notes
from ..data.quality import asked_quality, refuse_quality
from ..data.rules import AS_STORED, Rules
from ..data.scan import scan
from ..data.source import ImageSource, changed_rules
from ..data.splits import Splits, split
from ..model.encoder import Encoder
from ..settings.classification import Classifier, Labelled
from ..storage.clustering import read_names
from ..storage.corrections import is_corrections, labels_from_corrections
from ..storage.run import CACHE, Run
from .embeddings import log_changes
from .images import bad_files, log_bad_files

log = logging.getLogger("autoencoder")

T = TypeVar("T")


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelledSplits(Splits[T]):
    """Labelled images, listed or decoded, and the names of their classes, sorted.

    `unlabelled`, of which there may be none, are images that labels are spread to, decoded when they are needed.
    """

    classes: list[str]
    unlabelled: tuple[ImageSource, Listing] | None = None

    def numbers(self, images: Images) -> np.ndarray:
        """Return the classes of images as int32 numbers, by their sorted names."""
        assert images.labels is not None
        return np.searchsorted(np.array(self.classes), np.array(images.labels)).astype(np.int32)


def find_labelled_for(run: Run, asked: Labelled, wanted: Classifier) -> LabelledSplits[Listing]:
    """List labelled images, which are read as those of a run were; parameters and errors are of `find_labelled`."""
    kept = run.source()
    return find_labelled(asked, wanted, AS_STORED if kept is None else kept.rules, run.path)


def find_labelled(
    asked: Labelled, wanted: Classifier, rules: Rules = AS_STORED, clustered: Path | None = None
) -> LabelledSplits[Listing]:
    """Find the images and their labels, and check all that can be checked before one is decoded.

    Parameters
    ----------
    asked : Labelled
    wanted : Classifier
    rules : Rules
        How the encoder's images were read; what is asked for comes first.
    clustered : Path, optional
        Where the clustering lies that the labels are corrections of, if they are: a run's folder or its own.

    Raises
    ------
    UsageError
        If corrections do not fit, or more labels are to be drawn than there are.
    DataError
        If images, labels or classes do not fit each other.
    """
    if asked.quality is not None:
        asked_quality(asked.quality)
    names = read_names(asked.names)
    labels = None if asked.labels is None else _labels(asked.labels, names, clustered)
    rules, whole = _training(asked, changed_rules(rules, asked))
    train = whole if labels is None or asked.labels is None else with_labels(whole, labels, asked.labels)
    check_classes(train, 2)
    if labels is None:
        check_folders(train)
    assert train.labels is not None
    classes = sorted(set(train.labels))
    test = _testing(asked, rules)
    if test is not None:
        check_held_out(test, classes, train)
    unlabelled = None
    if wanted.unlabelled is not None:
        place = wanted.unlabelled.absolute()
        unlabelled = ImageSource(place, max_bad=asked.max_bad, rules=rules, quality=asked.quality).look()
    if asked.valid_dir is not None:
        valid = _usable(scan(asked.valid_dir, rules=rules), asked)
        check_held_out(valid, classes, train)
    else:
        check_divisible(train.labels)
        first, second = split(train.labels, asked.valid_split, wanted.seed)
        train, valid = train.take(first), train.take(second)
    for count in wanted.labels_per_class:
        if isinstance(count, int):
            assert train.labels is not None
            draw(train.labels, count, wanted.seed)
    return LabelledSplits(train=train, valid=valid, test=test, classes=classes, unlabelled=unlabelled)


def _labels(table: Path, names: dict[int, str], clustered: Path | None) -> dict[str, str]:
    if is_corrections(table):
        return labels_from_corrections(table, names, clustered)
    return read_labels(table, names)


def list_labelled(source: ImageSource, asked: Labelled, wanted: Classifier) -> LabelledSplits[Listing]:
    """List the images of an array, and keep a share of each class for validation; raises as `find_labelled`."""
    refuse_quality(asked.quality)
    train = source.scan()
    check_classes(train, 2)
    assert train.labels is not None
    check_divisible(train.labels)
    first, second = split(train.labels, asked.valid_split, wanted.seed)
    for count in wanted.labels_per_class:
        if isinstance(count, int):
            draw(train.take(first).labels or (), count, wanted.seed)
    return LabelledSplits(train=train.take(first), valid=train.take(second), classes=sorted(set(train.labels)))


def check_held_out(listing: Listing, classes: list[str], train: Listing) -> None:
    """Refuse validation or test images without labels, or of classes that no training image has."""
    check_classes(listing, 1)
    check_folders(listing)
    check_known(listing, classes, train.root)


def _training(asked: Labelled, rules: Rules) -> tuple[Rules, Listing]:
    """List the training images, and return the rules with what is `auto` in them replaced by what the images say."""
    if asked.train_images is not None:
        listing = _usable(scan_idx(asked.train_images, asked.train_labels), asked)
    else:
        assert asked.train_dir is not None
        listing = _usable(scan(asked.train_dir, rules=rules), asked)
    if rules.range == "auto":
        rules = rules._replace(range=find_range(listing))
    return rules, replace(listing, rules=rules)


def _testing(asked: Labelled, rules: Rules) -> Listing | None:
    if asked.test_images is not None:
        return replace(_usable(scan_idx(asked.test_images, asked.test_labels), asked), rules=rules)
    return None if asked.test_dir is None else _usable(scan(asked.test_dir, rules=rules), asked)


def _usable(listing: Listing, asked: Labelled) -> Listing:
    check_usable(listing, asked.max_bad)
    return replace(listing, quality=asked.quality)


def load_labelled(found: LabelledSplits[Listing], encoder: Encoder, max_bad: float) -> LabelledSplits[Images]:
    """Decode the images to the shape and colour that the encoder takes, and say where theirs differ.

    Raises
    ------
    DataError
        If too many files cannot be used, or a class has no training image left.
    """
    log_changes(found.train, encoder)
    for note in notes(found.train, encoder.image_shape):
        log.info(f"note: {note}")
    options: dict[str, Any] = {"max_bad": max_bad, "cache_dir": CACHE}
    decoded = found.map(lambda listing: load(listing, encoder.image_shape, encoder.color, **options))
    check_left(decoded.train, found.classes)
    log_bad_files(bad_files(decoded))
    return LabelledSplits(**vars(decoded), classes=found.classes, unlabelled=found.unlabelled)
