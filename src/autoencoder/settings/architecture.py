"""The network."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from .backbones import BACKBONES
from .fields import Section
from .types import (
    PREPROCESS,
    Activation,
    Constraint,
    Initializer,
    Kernels,
    Pairs,
    Poolings,
    Preprocess,
    Regularizer,
    RunName,
    Share,
    Widths,
    no_truth,
)

#: What the levels of the own CNN are made of; a network that takes its place has these of its own.
OWN_LEVELS = (
    *("filters", "kernel_size", "strides", "pooling", "spatial_drop_rate", "skips", "residual", "global_pooling"),
)
#: What a trained network is used for.
EncoderUse = Literal["frozen", "start", "teacher"]
Upsampling = Literal["transpose", "unpool_transpose", "nearest", "bilinear", "pixel_shuffle"]


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
        "repeated pixels for the pool and a transposed convolution for the stride (unpool_transpose), a "
        "resize before a convolution (nearest, bilinear), or a convolution to all new pixels as channels, which starts "
        "without a checkerboard (pixel_shuffle)",
    )
    batch_norm: Literal["before", "after"] | None = Field(
        None, description="batch normalization before or after each hidden activation, or none"
    )
    residual: bool = Field(
        False, description="a residual block, two convolutions 3 x 3 of the level's width, at each level of both halves"
    )
    global_pooling: bool = Field(
        False,
        description="the MLP is given each filter's mean over all places of the CNN's last level, and no places; with "
        "mlp off these means are the embedding",
    )
    activation: Activation = Field("relu", description="hidden layers: a Keras activation; leaky_relu:0.2 sets a slope")
    last_activation: Activation = Field("linear", description="the embedding")
    output_activation: Activation = Field("sigmoid", description="the image")
    drop_rate: Share = Field(0.0, description="dropout after the flatten and in the MLP")
    spatial_drop_rate: Share = Field(0.0, description="SpatialDropout2D after each level of the encoder's CNN")
    dims: Widths = Field((10,), description="widths of the MLP; the last one is the embedding")
    mlp: bool = Field(True, description="off: the embedding is the CNN's own output")
    linear_path: Literal["pca", "local_pca"] | None = Field(
        None,
        description="pca: a linear map beside the network at both ends, which starts as a PCA of the training images: "
        "the network learns what a PCA leaves, and never ends behind it; the loss is then mse, the output linear. "
        "local_pca: one PCA for each of some parts that the images fall into; the last number says which",
    )
    linear_parts: Annotated[int, Field(ge=2, le=1024), BeforeValidator(no_truth)] = Field(
        32, description="linear_path=local_pca: how many parts"
    )
    local_features: bool = Field(
        False,
        description="the embedding also holds features that need no training, for clustering: 50 principal components "
        "of gradient histograms and 50 of the pixels. What the network gives has unit length in training, and is "
        "turned and made even after it; the decoder sees that part alone",
    )
    skips: bool = Field(
        False,
        description="the decoder also sees each level of the encoder, at its own size (U-Net): for restore_train "
        "only, because there is no embedding then",
    )
    encoder_from: RunName | None = Field(
        None,
        description="the encoder's CNN is a trained network: a Keras application (MobileNetV2, VGG16, ...), a run, "
        "whose encoder is taken, or a .keras file; the decoder mirrors its shapes. With mlp off what it gives is the "
        "embedding. none: a CNN of its own, by filters",
    )
    encoder_weights: RunName = Field(
        "imagenet",
        description="encoder_from: weights of the Keras application; imagenet, a file of them (.keras, .h5), or none: "
        "random. A run's or a file's network has its own, or none",
    )
    encoder_use: EncoderUse = Field(
        "start",
        description="encoder_from: start: what is new learns first, then everything. frozen: the network stays as it "
        "is. teacher: the CNN is one of its own, by filters, and its embedding learns to keep the network's neighbours "
        "(contrast), so that what is made runs without the network",
    )
    preprocess: Preprocess | None = Field(
        None, description=f"encoder_from, of a file from elsewhere: {PREPROCESS}; none: unit"
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
        self._check_backbone()
        if not self.mlp:
            for name in ("dims", "last_activation"):
                if self.changed(name):
                    raise ValueError(f"--{name} belongs to the MLP, which --mlp=False switches off; leave one out")
            if self.drop_rate > 0:
                raise ValueError(
                    "--drop_rate acts in the MLP, which --mlp=False switches off; --spatial_drop_rate acts in the CNN"
                )
        if self.linear_path:
            self._check_linear_path()
        if self.local_features:
            self._check_local_features()
        if self.changed("linear_parts") and self.linear_path != "local_pca":
            raise ValueError("--linear_parts belongs to --linear_path=local_pca; give both")
        return self

    @property
    def backbone(self) -> str | None:
        """The trained network in the place of the encoder's CNN; None where it has one of its own."""
        return None if self.encoder_use == "teacher" else self.encoder_from

    def _check_backbone(self) -> None:
        self._check_use()
        for name in OWN_LEVELS if self.backbone else ():
            if self.changed(name):
                raise ValueError(f"--{name} belongs to the network that --encoder_from replaces; leave one out")
        if not self.changed("encoder_weights") or self.encoder_from in BACKBONES:
            return
        if self.encoder_from is None:
            raise ValueError("--encoder_weights belongs to --encoder_from; give both")
        if self.encoder_weights != "none":
            raise ValueError(
                f"--encoder_weights={self.encoder_weights}: a file's or a run's network has weights of its own; "
                "leave it out, or give none for random ones"
            )

    def _check_use(self) -> None:
        given = f"--encoder_use={self.encoder_use}"
        for name in ("encoder_use", "preprocess") if self.encoder_from is None else ():
            if self.changed(name):
                raise ValueError(f"--{name} belongs to --encoder_from; give both")
        if self.encoder_from in BACKBONES and self.preprocess is not None:
            raise ValueError(
                f"--preprocess={self.preprocess}: {self.encoder_from} has a preprocessing of its own, which is done; "
                "leave it out"
            )
        if self.encoder_use != "start" and self.encoder_weights == "none":
            raise ValueError(
                f"{given} uses what a network has learned, and --encoder_weights=none is nothing; leave one out"
            )

    def _check_local_features(self) -> None:
        for name in ("skips", "linear_path"):
            if getattr(self, name):
                raise ValueError(f"--local_features adds to an embedding that --{name} does not have; leave one out")
        if not self.mlp and not self.global_pooling:
            raise ValueError(
                "--local_features needs an embedding of numbers without places, which there is not with --mlp=False: "
                "add --global_pooling, or leave one out"
            )

    def _check_linear_path(self) -> None:
        if not self.mlp or self.skips:
            flag = "--skips" if self.skips else "--mlp=False"
            raise ValueError(
                f"--linear_path needs an embedding of --dims, which there is not with {flag}; leave one out"
            )
        if self.linear_path == "local_pca" and self.dims[-1] < 2:
            raise ValueError("--linear_path=local_pca needs --dims of 2 at least: one number says which part it is")
        if self.last_activation != "linear":
            raise ValueError(
                f"--last_activation={self.last_activation} would bend the embedding of --linear_path, which is a sum: "
                "leave it out"
            )
        if "output_activation" in self.model_fields_set and self.output_activation != "linear":
            raise ValueError(
                f"--output_activation={self.output_activation}: with --linear_path the image is a sum, and cut to "
                "[0, 1]: leave it out"
            )
