"""How the network learns."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from .fields import Section
from .types import STRONGEST, PositiveInt, listed, named, no_truth

Loss = Literal[
    "binary_crossentropy",
    "mse",
    "mae",
    "huber",
    "ssim",
]
Augmentation = Literal["hflip", "vflip", "rotate90", "shift", "rotate", "zoom", "shear"]
Noise = Literal["gaussian", "salt_pepper", "masking"]
Optimizer = Literal[
    "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "ftrl", "lion", "muon", "nadam", "rmsprop", "sgd"
]


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
    rate_decay: Annotated[float, Field(ge=1, le=STRONGEST), BeforeValidator(no_truth)] = Field(
        2.6,
        description="encoder_from: by how much the rate falls from each resolution of the network to the one before "
        "it, from the decoder's rate on; 1: one rate for all",
    )
    train_epochs: PositiveInt = Field(40, description="passes over the training images")
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
    augment: Annotated[tuple[Augmentation, ...], BeforeValidator(listed)] | None = Field(
        None,
        description="random changes of the training images: any of hflip, vflip, rotate90, shift, rotate, zoom, shear",
    )
    target: Literal["augmented", "clean"] = Field(
        "augmented", description="what the reconstruction of an augmented image is compared with"
    )
    contrast: Annotated[float, Field(ge=0, le=STRONGEST), BeforeValidator(no_truth)] = Field(
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
