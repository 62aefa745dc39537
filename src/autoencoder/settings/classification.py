"""The knobs of classifying: which images have which labels, and how the classifier learns them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from .data import BACKGROUND, FIT, QUALITY, RANGE, Fit
from .fields import Section
from .training import Augment, changes
from .types import Color, PositiveInt, Range, Share, listed


class Labelled(Section):
    """Which images have labels, and where these come from."""

    train_dir: Path | None = Field(None, description="training images in class folders, or with --labels in any folder")
    valid_dir: Path | None = Field(
        None, description="validation images in class folders, which choose the epoch; none: valid_split of the others"
    )
    test_dir: Path | None = Field(None, description="test images in class folders, which are only scored")
    labels: Path | None = Field(
        None,
        description="a CSV (path,label) of images in train_dir; the others have no label. A clustering's clusters.csv "
        "will do, with --names, and so will the corrections.csv of one of RUN's clusterings",
    )
    names: Path | None = Field(None, description="a CSV (cluster,name) that makes labels of clusters")
    train_images: Path | None = Field(None, description="an idx file of training images, gzipped or not")
    train_labels: Path | None = Field(None, description="the idx file of their labels; auto: the one beside them")
    test_images: Path | None = Field(None, description="an idx file of test images")
    test_labels: Path | None = Field(None, description="the idx file of their labels; auto: the one beside them")
    valid_split: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.15, description="share of each class kept for validation where there is no valid_dir"
    )
    max_bad: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="highest share of unusable files that is accepted"
    )
    background: Color | None = Field(None, description=f"{BACKGROUND}; auto: as the run")
    range: Range | None = Field(None, description=f"{RANGE}; left out: as the run")
    fit: Fit | None = Field(None, description=f"{FIT}; auto: as the run")
    quality: str | None = Field(None, description=f"{QUALITY}; none: all are taken")

    @model_validator(mode="after")
    def _check(self) -> Labelled:
        if (self.train_dir is None) == (self.train_images is None):
            raise ValueError("name the training images by one of --train_dir and --train_images")
        for first, second in (
            ("valid_dir", "valid_split"),
            ("test_dir", "test_images"),
            ("labels", "train_images"),
        ):
            if self.changed(first) and self.changed(second):
                raise ValueError(f"--{first} and --{second} exclude each other; give one of them")
        for needy, needed in (("names", "labels"), ("train_labels", "train_images"), ("test_labels", "test_images")):
            if self.changed(needy) and not self.changed(needed):
                raise ValueError(f"--{needy} belongs to --{needed}; give both")
        return self


def _augment(value: Any) -> Any:
    # None is what earlier versions wrote for auto.
    return "auto" if value is None else [] if value == "none" else changes(value)


def _counts(value: Any) -> tuple[int | str, ...]:
    """Read `1,10,all` as (1, 10, "all")."""
    try:
        counts = tuple(each if each == "all" else int(str(each)) for each in listed(value))
    except (TypeError, ValueError):
        counts = ()
    if not counts or isinstance(value, bool) or any(each != "all" and int(each) < 1 for each in counts):
        raise ValueError("must be a whole number from 1 on, or all, or several with commas: 1,10,100,all")
    return tuple(dict.fromkeys(counts))


class Classifier(Section):
    """The classifier, and how it learns."""

    units: PositiveInt = Field(128, description="width of the dense layer between the embedding and the classes")
    epochs: PositiveInt = Field(
        10, description="passes over the images in each of the two steps: the head alone, then everything"
    )
    batch_size: PositiveInt = Field(128, description="images per step")
    learning_rate: Annotated[float, Field(gt=0)] = Field(
        0.001, description="of the head alone, and of --scratch; falls to nothing along a cosine"
    )
    fine_rate: Annotated[float, Field(gt=0)] = Field(
        0.0005, description="of everything, in the second step; falls likewise"
    )
    drop_rate: Share = Field(0.0, description="dropout after the dense layer")
    augment: Annotated[Augment, BeforeValidator(_augment)] = Field(
        "auto",
        description="random changes of the training images, as in `run`, or none; auto: those that the encoder "
        "learned by",
    )
    labels_per_class: Annotated[tuple[int | Literal["all"], ...], BeforeValidator(_counts)] = Field(
        ("all",),
        description="labels drawn from each class, the rest unused, and no validation label either; several "
        "(1,10,100,all) repeat the experiment with and without pretraining, or with --scratch without it alone, and "
        "draw the curves",
    )
    unlabelled: Path | None = Field(
        None,
        description="images without labels: labels are spread to them over neighbours in the embedding, and the "
        "confident ones are learned too",
    )
    confidence: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="unlabelled: the lowest confidence of a label that is learned"
    )
    scratch: bool = Field(
        False, description="begin with fresh weights, for as many epochs in all: what pretraining gains"
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        1, description="of weights, order, split, draw and augmentation"
    )

    @model_validator(mode="after")
    def _check(self) -> Classifier:
        if self.scratch and self.unlabelled is not None:
            raise ValueError("--unlabelled needs the embedding that --scratch does without; leave one out")
        if self.changed("confidence") and self.unlabelled is None:
            raise ValueError("--confidence belongs to --unlabelled; give both")
        return self

    @property
    def few(self) -> bool:
        """Whether labels are drawn, so that none is left to choose the epoch by."""
        return self.labels_per_class != ("all",)
