"""How the network learns."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from . import vgg16
from .fields import Section, nearest
from .types import STRONGEST, WIDEST, PositiveInt, RunName, Width, listed, named, no_truth

Loss = Literal[
    "binary_crossentropy",
    "mse",
    "mae",
    "huber",
    "ssim",
]
Augmentation = Literal[
    "hflip", "vflip", "rotate90", "shift", "rotate", "zoom", "shear", "crop", "color", "gray", "blur"
]
#: The changes by name; auto: those that suit the images.
Augment = Literal["auto"] | tuple[Augmentation, ...]
Noise = Literal["gaussian", "salt_pepper", "masking"]
Optimizer = Literal[
    "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "ftrl", "lion", "muon", "nadam", "rmsprop", "sgd"
]


#: Where neighbours are sought in the images themselves; any other name is that of a table.
OWN_NEIGHBOURS = ("pixels", "local")


def _rate(value: Any) -> Any:
    if value == "find":
        return value
    try:
        rate = float(no_truth(value))
    except (TypeError, ValueError):
        rate = math.nan
    if not 0 < rate < math.inf:
        raise ValueError("should be a number greater than 0, or find")
    return rate


def changes(value: Any) -> Any:
    """Read `auto` or names of augmentations; of what is none say which there are."""
    if value == "auto" or value is None:
        return value
    names = listed(value)
    for name in names:
        if name not in get_args(Augmentation):
            raise ValueError(f"{name!r} is no augmentation; choose from {', '.join(get_args(Augmentation))}, or auto")
    return names


def _head(value: Any) -> Any:
    if value == "auto" or value is None:
        return value
    widths = listed(value)
    if not all(str(width).isdecimal() and 0 < int(width) <= WIDEST and width is not True for width in widths):
        raise ValueError(f"should be widths from 1 to {WIDEST:,}, as in [256,64], or auto or none")
    if not widths:
        raise ValueError("has no layers; give widths, as in [256,64], or none")
    return widths


Size = Annotated[float, Field(gt=0, le=32_768), BeforeValidator(no_truth)]
Rate = Annotated[Literal["find"] | float, BeforeValidator(_rate)]


class Training(Section):
    """How the network learns."""

    loss: Literal[Loss, "feature"] = Field(
        "binary_crossentropy",
        description="what is minimised between an image and its reconstruction; feature: how far apart they are to "
        "the first layers of a network that knows images",
    )
    feature_layers: Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(listed)] = Field(
        ("block1_conv2", "block2_conv2", "block3_conv3"),
        description="loss=feature: the layers that see both images, each as weighty as the others; the fewer, and the "
        "nearer to the image, the faster",
    )
    feature_weights: RunName = Field(
        "imagenet",
        description="loss=feature: whose layers; imagenet: VGG16's, or a file of its weights, any other .keras "
        "network, or a run, whose encoder is taken",
    )
    pixel_weight: Annotated[float, Field(ge=0, le=STRONGEST), BeforeValidator(no_truth)] = Field(
        1.0, description="loss=feature: weight of the mean squared error of the pixels, which is added"
    )
    optimizer: Optimizer = Field("adam", description="a Keras optimizer")
    learning_rate: Rate | None = Field(
        None,
        description="a number; find: the rate that a range test on the first batches finds; auto: Keras' own for the "
        "optimizer",
    )
    schedule: Literal["constant", "cosine"] = Field(
        "constant",
        description="the rate stays, or falls to nothing along a cosine over all epochs; in a training of stages "
        "(progressive, encoder_from) over those of each",
    )
    reduce_lr: PositiveInt | None = Field(
        None, description="halve the rate after so many epochs without a better val_loss; none: never"
    )
    rate_decay: Annotated[float, Field(ge=1, le=STRONGEST), BeforeValidator(no_truth)] = Field(
        2.6,
        description="encoder_from: by how much the rate falls from each resolution of the network to the one before "
        "it, from the decoder's rate on; 1: one rate for all",
    )
    train_epochs: PositiveInt = Field(40, description="passes over the training images")
    progressive: Annotated[tuple[Size, ...], Field(min_length=2), BeforeValidator(listed)] | None = Field(
        None,
        description="learn small images first, by the inner levels alone, then larger ones: rising sizes that are the "
        "input of levels, as shares of the longer side ([0.5,1]) or in pixels ([16,32]), the last one full; none: "
        "the full size all the time",
    )
    progressive_epochs: Annotated[tuple[PositiveInt, ...], BeforeValidator(listed)] | None = Field(
        None, description="progressive: the epochs of each size, train_epochs in all; none: equal shares"
    )
    batch_size: PositiveInt = Field(32, description="images per step")
    precision: Literal["float32", "bfloat16"] | None = Field(
        None,
        description="what the layers compute in, float32 or bfloat16; weights and files are float32. auto: bfloat16 "
        "where the processor computes it faster and there is no batch_norm, else float32",
    )
    patience: PositiveInt | None = Field(
        None, description="stop after so many epochs without a better val_loss; none: never"
    )
    period: PositiveInt | None = Field(None, description="a checkpoint every so many epochs; none: no checkpoints")
    augment: Annotated[Augment | None, BeforeValidator(changes)] = Field(
        None,
        description="random changes of the training images: any of hflip, vflip, rotate90, shift, rotate, zoom, shear, "
        "crop, color (brightness, contrast, saturation), gray, blur; auto: those that suit photographs or drawings, "
        "whichever the images are",
    )
    target: Literal["augmented", "clean"] = Field(
        "augmented", description="what the reconstruction of an augmented image is compared with"
    )
    contrast: Annotated[float, Field(ge=0, le=STRONGEST), BeforeValidator(no_truth)] = Field(
        0.0,
        description="weight of contrast: every embedding must be told from the batch's others by the embedding of its "
        "partner, an image that looks alike (contrast_with); makes embeddings that cluster well",
    )
    contrast_with: Literal["neighbours", "views", "both"] = Field(
        "neighbours",
        description="contrast: an image's partner: one of its neighbours (neighbours_from); views: the image itself, "
        "augmented anew (for photographs); both: either, by halves. With views or both the last weights are kept, not "
        "those of the best reconstruction",
    )
    neighbours: PositiveInt = Field(10, description="contrast: how many images an image may be paired with")
    neighbours_from: RunName = Field(
        "pixels",
        description="contrast: where neighbours are sought: pixels (their principal components), local (those of "
        "gradient histograms and pixels: edges and where they are), or a table of "
        "embeddings of these images, as encode writes it: .parquet, .csv with path, e0, e1, ..., or .npz with paths, "
        "vectors",
    )
    projection: Annotated[Literal["auto"] | tuple[Width, ...] | None, BeforeValidator(_head)] = Field(
        "auto",
        description="contrast: widths of a head on the embedding that the contrast sees in its place, thrown away "
        "after training; none: the embedding itself; auto: [256,64] with views or both, else none",
    )
    noise: Annotated[str, named(get_args(Noise), "noise", numbered=get_args(Noise))] | None = Field(
        None,
        description="denoising: gaussian, salt_pepper or masking, with a strength (gaussian:0.2); the target stays "
        "clean",
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        1, description="of weights, order, split, augmentation and noise"
    )

    @model_validator(mode="after")
    def _check(self) -> Training:
        if self.reduce_lr is not None and self.schedule != "constant":
            raise ValueError("--reduce_lr and --schedule=cosine both set the rate; give one of them")
        if self.target == "clean" and not self.augment:
            raise ValueError("--target=clean needs --augment: without it every target is clean")
        self._check_contrast()
        self._check_progressive()
        self._check_features()
        return self

    def _check_contrast(self) -> None:
        for name in ("neighbours", "neighbours_from", "contrast_with", "projection") if not self.contrast else ():
            if self.changed(name):
                raise ValueError(f"--{name} belongs to --contrast; give both")
        if self.contrast_with == "neighbours":
            return
        given = f"--contrast_with={self.contrast_with}"
        if not self.augment:
            raise ValueError(f"{given} needs --augment: without it both copies of an image are the same; give both")
        for name in ("neighbours", "neighbours_from") if self.contrast_with == "views" else ():
            if self.changed(name):
                raise ValueError(
                    f"--{name} has no meaning with {given}, which pairs each image with itself: leave it out"
                )
        if self.patience is not None:
            raise ValueError(
                f"--patience waits for a better reconstruction, which {given} does not keep weights by: leave one out"
            )

    @property
    def head(self) -> tuple[int, ...]:
        """Widths of the head that the contrast sees; none where it sees the embedding itself."""
        if self.projection == "auto":
            return () if self.contrast_with == "neighbours" else (256, 64)
        return self.projection or ()

    @property
    def by_views(self) -> bool:
        """Whether the contrast of an image's own copies is learned: then the last weights are kept."""
        return self.contrast > 0 and self.contrast_with != "neighbours"

    def _check_progressive(self) -> None:
        sizes, epochs = self.progressive, self.progressive_epochs
        if sizes is None:
            if epochs is not None:
                raise ValueError("--progressive_epochs belongs to --progressive; give both")
            return
        given = f"--progressive=[{','.join(f'{size:g}' for size in sizes)}]"
        if any(smaller >= larger for smaller, larger in pairwise(sizes)):
            raise ValueError(f"{given}: sizes must rise from each to the next")
        if sizes[-1] < 1:
            raise ValueError(f"{given}: the last size must be the full one, 1 as a share")
        if sizes[-1] > 1 and not all(size.is_integer() for size in sizes):
            raise ValueError(f"{given}: sizes are whole pixels, or shares of which the last is 1")
        if epochs is not None and len(epochs) != len(sizes):
            raise ValueError(f"--progressive_epochs has {len(epochs)} numbers for {len(sizes)} sizes; give one a size")
        if epochs is not None and sum(epochs) != self.train_epochs:
            raise ValueError(
                f"--progressive_epochs makes {sum(epochs)} epochs, and --train_epochs is {self.train_epochs}; let them "
                "agree"
            )
        if self.epochs_by_size[0] < 1 or min(self.epochs_by_size[1:]) < 2:
            raise ValueError(
                "--progressive needs one epoch for its first size and two for each other, in which new levels learn "
                f"alone first; give more --train_epochs ({2 * len(sizes)} do) or other --progressive_epochs"
            )

    @property
    def epochs_by_size(self) -> tuple[int, ...]:
        """How long each size of `progressive` is trained."""
        count = len(self.progressive or ())
        ends = [self.train_epochs * number // count for number in range(count + 1)] if count else []
        return self.progressive_epochs or tuple(end - start for start, end in pairwise(ends))

    def _check_features(self) -> None:
        if self.loss == "feature":
            for name in self.feature_layers:
                if self.feature_layers.count(name) > 1:
                    raise ValueError(
                        f"--feature_layers: {name} is named twice, and each layer counts once; name others"
                    )
            if self.feature_weights == "imagenet":
                check_layers(self.feature_layers, vgg16.CONVOLUTIONS, "VGG16")
            return
        for name in ("feature_layers", "feature_weights", "pixel_weight"):
            if self.changed(name):
                raise ValueError(f"--{name} belongs to --loss=feature; give both")


def check_layers(asked: Iterable[str], known: Iterable[str], where: str) -> None:
    """Refuse layers that a network does not have.

    Raises
    ------
    ValueError
        Names the first of them, and the nearest that there is, or all where none is near.
    """
    known = list(known)
    for name in asked:
        if name not in known:
            raise ValueError(
                f"--feature_layers: there is no layer {name!r} in {where}"
                + (nearest(name, known) or f"; choose from {', '.join(known)}")
            )
