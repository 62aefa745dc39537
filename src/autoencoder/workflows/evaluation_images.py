"""The images of an evaluation: those that are judged, those that the run learned from, and labelled ones."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ..data.listing import Listing, printable
from ..data.source import ImageSource
from ..errors import DataError
from ..settings import Reading
from ..storage.lookup import images_of
from ..storage.run import Run

_LABELLED = "--classifier_images=DIR names labelled images for the evaluation classifier"
_NAMED = 3


class Found(NamedTuple):
    """Images that were found, and none of which is decoded yet."""

    source: ImageSource
    listing: Listing


class EvaluationImages(NamedTuple):
    """What an evaluation looks at.

    Attributes
    ----------
    judged : Found
        The images that are rebuilt and compared.
    training : Found or None
        What the run learned from, where that is still there; a PCA is fitted on it.
    labelled : Found or None
        What the evaluation classifier learns from, where there are labels on both sides; often `training` itself.
    missing : tuple of str
        Why one of the two is not there, a sentence each.
    """

    judged: Found
    training: Found | None
    labelled: Found | None
    missing: tuple[str, ...]


def find_evaluation_images(
    run: Run, images: Path, classifier_images: Path | None, reading: Reading
) -> EvaluationImages:
    """Find the images of an evaluation, reading no more than headers.

    Parameters
    ----------
    run : Run
    images : Path
        What is judged: read as the run read its own, unless `reading` says otherwise.
    classifier_images : Path or None
        What the evaluation classifier learns from, read likewise; None: the run's own training images.
    reading : Reading

    Raises
    ------
    DataError
        If there are no images in one of the two, or the labels of `classifier_images` do not fit.
    ModelFileError
        If the run's settings are damaged.
    """
    judged = Found(*images_of(run, images, reading).look())
    training, missing = _training(run)
    if classifier_images is not None:
        rules, max_bad = judged.source.rules, judged.source.max_bad
        labelled = Found(*ImageSource(classifier_images.absolute(), max_bad=max_bad, rules=rules).look())
        why = _unfit(judged.listing, labelled.listing)
        if why is not None:
            raise DataError(f"--classifier_images={classifier_images}: {why}")
        return EvaluationImages(judged, training, labelled, missing)
    if training is None:
        return EvaluationImages(
            judged, None, None, (*missing, f"no classifier accuracy for the same reason; {_LABELLED}")
        )
    why = _unfit(judged.listing, training.listing)
    if why is not None:
        return EvaluationImages(judged, training, None, (*missing, f"no classifier accuracy: {why}; {_LABELLED}"))
    return EvaluationImages(judged, training, training, missing)


def _training(run: Run) -> tuple[Found | None, tuple[str, ...]]:
    kept = run.source()
    if kept is None:
        return None, (f"no PCA beside it: {run.path} does not say what it was trained on",)
    if not kept.root.exists():
        return None, (f"no PCA beside it: the training images, {kept.root}, are not there any more",)
    return Found(*kept.look()), ()


def _unfit(judged: Listing, labelled: Listing) -> str | None:
    """Say why a classifier of some labelled images has no answer for others; None where it has."""
    for listing in (judged, labelled):
        if listing.labels is None:
            return f"{printable(str(listing.root))} has no class folders, so its images have no labels"
    known = set(labelled.labels or ())
    if len(known) < 2:
        return f"{printable(str(labelled.root))} has one class alone, and two at least can be told apart"
    unknown = sorted(set(judged.labels or ()) - known)
    if unknown:
        return (
            f"{printable(str(judged.root))} has classes that {printable(str(labelled.root))} has not: "
            f"{', '.join(map(printable, unknown[:_NAMED]))}"
        )
    return None
