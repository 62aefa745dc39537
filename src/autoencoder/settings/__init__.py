"""Every knob of a run: one documented, checked field each.

The flags of the command line, the keys of a YAML file, the help and the table in docs/flags.md all follow from
these fields. `None` stands for `auto` or `none`, as the field's description says.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from .fields import Section, Sections, parse
from .types import (
    Activation,
    Color,
    Constraint,
    Initializer,
    Kernels,
    Names,
    Pairs,
    Poolings,
    PositiveInt,
    Range,
    Regularizer,
    Shape,
    Share,
    Widths,
    listed,
    named,
    no_truth,
)

Upsampling = Literal["transpose", "unpool_transpose", "nearest", "bilinear"]
Loss = Literal["binary_crossentropy", "mse", "mae", "huber", "ssim"]
Augmentation = Literal["hflip", "vflip", "rotate90", "shift", "rotate", "zoom", "shear"]
Noise = Literal["gaussian", "salt_pepper", "masking"]
Optimizer = Literal[
    "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "ftrl", "lion", "muon", "nadam", "rmsprop", "sgd"
]


BACKGROUND = "colour that transparent images are drawn on: white, #rrggbb or red,green,blue"
RANGE = (
    "values that become black and white: full (all that the file's type holds), 0,1020, or auto (the smallest and the "
    "largest value of a sample of the images, which is then kept)"
)
FIT = "images of other proportions: stretch, pad (with the background, or black), or crop (around the middle)"
Fit = Literal["stretch", "pad", "crop"]


class Data(Section):
    """Which images, and how they are read."""

    train_dir: Path | None = Field(
        None,
        description="training images: a folder of class folders, a flat or nested folder, or an idx file; "
        "data/train where nothing is given",
    )
    valid_dir: Path | None = Field(
        None, description="validation images, as train_dir; none: valid_split of the training images"
    )
    valid_split: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.15, description="share of the training images kept for validation where there is no valid_dir"
    )
    categories: Names | None = Field(None, description="only these class folders; []: all")
    max_images: PositiveInt | None = Field(None, description="at most so many images from each class folder")
    max_bad: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="highest share of unusable files that is accepted"
    )
    background: Color | None = Field(None, description=f"{BACKGROUND}; none: their stored colours count")
    range: Range = Field("full", description=RANGE)
    fit: Fit = Field("stretch", description=FIT)
    image_shape: Shape | None = Field(
        None, description="[height, width]; auto: the images' own size where they all agree, else [256, 256]"
    )
    color: Literal["grayscale", "rgb"] | None = Field(
        None, description="grayscale or rgb; auto: grayscale where the sampled images are"
    )

    @model_validator(mode="after")
    def _check(self) -> Data:
        if self.valid_dir is not None and self.changed("valid_split"):
            raise ValueError("--valid_split and --valid_dir exclude each other; give one of them")
        if self.valid_dir is not None and self.train_dir is None:
            raise ValueError("--valid_dir needs --train_dir beside it; give both")
        return self


class Reading(Section):
    """Which of the images, and how they are read, by a command that follows a training."""

    categories: Names | None = Field(
        None, description="only these class folders; []: as the run, or all of the --images that are given"
    )
    max_images: PositiveInt | None = Field(
        None, description="at most so many images from each class folder; auto: as the run, or all of --images"
    )
    max_bad: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="highest share of unusable files that is accepted; auto: as the run"
    )
    background: Color | None = Field(None, description=f"{BACKGROUND}; auto: as the run")
    range: Range | None = Field(None, description=f"{RANGE}; none: as the run")
    fit: Fit | None = Field(None, description=f"{FIT}; auto: as the run")


class Architecture(Section):
    """The network: inputs, CNN, MLP, embedding, MLP, CNN, outputs."""

    filters: Widths | None = Field(
        None,
        description="widths of the convolutions, one per level; auto: 32, doubled up to 256, a level per halving "
        "until the image is at most 4 pixels a side",
    )
    kernel_size: Kernels = Field(((5, 5), (5, 5), (3, 3)), description="kernel of each level: ints or [height, width]")
    strides: Pairs | None = Field(
        None, description="stride of each level: ints or [height, width]; auto: 2 along a side above 4 pixels, else 1"
    )
    pooling: Poolings = Field(("no",), description="pooling of each level: avg, max or no; with its size: max5")
    upsampling: Upsampling = Field(
        "transpose",
        description="how the decoder grows the image: one transposed convolution of stride times pool (transpose), "
        "repeated pixels for the pool and a transposed convolution for the stride (unpool_transpose), or a "
        "resize before a convolution (nearest, bilinear)",
    )
    batch_norm: Literal["before", "after"] | None = Field(
        None, description="batch normalization before or after each hidden activation, or none"
    )
    activation: Activation = Field("relu", description="hidden layers: a Keras activation; leaky_relu:0.2 sets a slope")
    last_activation: Activation = Field("linear", description="the embedding")
    output_activation: Activation = Field("sigmoid", description="the image")
    drop_rate: Share = Field(0.0, description="dropout after the flatten and in the MLP")
    spatial_drop_rate: Share = Field(0.0, description="SpatialDropout2D after each level of the encoder's CNN")
    dims: Widths = Field((10,), description="widths of the MLP; the last one is the embedding")
    mlp: bool = Field(True, description="off: the embedding is the CNN's own output")
    skips: bool = Field(
        False,
        description="the decoder also sees each level of the encoder, at its own size (U-Net): for restore_train "
        "only, because there is no embedding then",
    )
    use_bias: bool = Field(True, description="bias of the dense layers")
    kernel_initializer: Initializer = Field("glorot_uniform", description="of the dense layers")
    bias_initializer: Initializer = Field("zeros", description="of the dense layers")
    kernel_regularizer: Regularizer = Field(None, description="of the dense layers: l1, l2, l1_l2; l2:0.001")
    bias_regularizer: Regularizer = Field(None, description="of the dense layers")
    activity_regularizer: Regularizer = Field(None, description="of the dense layers")
    kernel_constraint: Constraint = Field(None, description="of the dense layers: max_norm, non_neg, unit_norm")
    bias_constraint: Constraint = Field(None, description="of the dense layers")
    cnn_kernel_initializer: Initializer = Field("glorot_uniform", description="of the convolutions")
    cnn_kernel_regularizer: Regularizer = Field(None, description="of the convolutions")
    cnn_bias_initializer: Initializer = Field("zeros", description="of the convolutions")

    @model_validator(mode="after")
    def _check(self) -> Architecture:
        if not self.mlp:
            for name in ("dims", "last_activation"):
                if self.changed(name):
                    raise ValueError(f"--{name} belongs to the MLP, which --mlp=False switches off; leave one out")
            if self.drop_rate > 0:
                raise ValueError(
                    "--drop_rate acts in the MLP, which --mlp=False switches off; --spatial_drop_rate acts in the CNN"
                )
        return self


class Training(Section):
    """How the network learns."""

    loss: Loss = Field("binary_crossentropy", description="what is minimised between an image and its reconstruction")
    optimizer: Optimizer = Field("adam", description="a Keras optimizer")
    learning_rate: Annotated[float, Field(gt=0)] | None = Field(
        None, description="auto: Keras' own rate for the optimizer"
    )
    schedule: Literal["constant", "cosine"] = Field(
        "constant", description="the rate stays, or falls to nothing along a cosine over all epochs"
    )
    reduce_lr: PositiveInt | None = Field(
        None, description="halve the rate after so many epochs without a better val_loss; none: never"
    )
    train_epochs: PositiveInt = Field(40, description="passes over the training images")
    batch_size: PositiveInt = Field(32, description="images per step")
    precision: Literal["float32", "bfloat16"] | None = Field(
        None,
        description="what the layers compute in, float32 or bfloat16; weights and files are float32. auto: bfloat16 "
        "where the processor has instructions for it and there is no batch_norm, else float32",
    )
    patience: PositiveInt | None = Field(
        None, description="stop after so many epochs without a better val_loss; none: never"
    )
    period: PositiveInt | None = Field(None, description="a checkpoint every so many epochs; none: no checkpoints")
    augment: Annotated[tuple[Augmentation, ...], BeforeValidator(listed)] | None = Field(
        None,
        description="random changes of the training images: any of hflip, vflip, rotate90, shift, rotate, zoom, shear",
    )
    target: Literal["augmented", "clean"] = Field(
        "augmented", description="what the reconstruction of an augmented image is compared with"
    )
    contrast: Annotated[float, Field(ge=0), BeforeValidator(no_truth)] = Field(
        0.0,
        description="weight of neighbour contrast: every embedding must be told from the batch's others by the "
        "embedding of an image that looks alike; makes embeddings that cluster well",
    )
    neighbours: PositiveInt = Field(10, description="contrast: how many images an image may be paired with")
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
        if self.changed("neighbours") and not self.contrast:
            raise ValueError("--neighbours belongs to --contrast; give both")
        return self


class Output(Section):
    """Where a run is kept, and what is said on the way."""

    save_dir: Path | None = Field(None, description="the run's folder; auto: logs/<save_prefix>_<date>_<time>")
    save_prefix: Annotated[str, Field(pattern=r"^[^/\\\x00]+$")] = Field(
        "ae", description="first part of the folder's name"
    )
    h5: bool = Field(False, description="also write ae_weights.h5 and en_weights.h5, the original's names")
    verbose: Annotated[int, Field(ge=0, le=1)] = Field(1, description="0: silent; 1: a line per epoch")


class Settings(Sections):
    """All that a run follows from."""

    sections: ClassVar[tuple[type[Section], ...]] = (Data, Architecture, Training, Output)

    data: Data = Data()
    architecture: Architecture = Architecture()
    training: Training = Training()
    output: Output = Output()

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width in pixels, once they are resolved."""
        if self.data.image_shape is None:
            raise ValueError("image_shape is still auto: no images have been looked at")
        return self.data.image_shape

    @property
    def channels(self) -> int:
        """1 for grayscale, 3 for rgb."""
        return 1 if self.data.color == "grayscale" else 3

    @property
    def pixels(self) -> int:
        """Values an image: height times width times channels."""
        return self.image_shape[0] * self.image_shape[1] * self.channels

    @classmethod
    def from_flags(cls, flags: Mapping[str, Any]) -> Settings:
        """Check flat `flags` (values of any type, text included) and build the settings; list every problem at once.

        Raises
        ------
        UsageError
            Names each flag, the value received and the rule.
        """
        data, architecture, training, output = parse(flags, cls.sections)
        return cls(data=data, architecture=architecture, training=training, output=output)
