"""The layers between two tensors of an autoencoder: one level of the CNN, one step of the MLP."""

from __future__ import annotations

from typing import Any

from keras import layers, regularizers

from ..settings import Architecture
from .geometry import Level
from .upsampling import UPSAMPLING

#: The strength of a Keras regularizer that is named without one.
KERAS_STRENGTH = 0.01
POOLING = {"avg": layers.AveragePooling2D, "max": layers.MaxPooling2D}


def encoder_level(x: Any, level: Level, number: int, architecture: Architecture) -> Any:
    """Convolution, activation (and normalization), pooling, residual block, spatial dropout: one level down."""
    x = layers.Conv2D(
        level.filters, level.kernel, level.strides, **convolution_options(architecture), name=f"conv_{number}"
    )(x)
    x = activated(x, architecture, f"conv_{number}")
    if level.pooling in POOLING:
        x = POOLING[level.pooling](level.pool, padding="same", name=f"pool_{number}")(x)
    if architecture.residual:
        x = residual(x, architecture, f"conv_{number}")
    if architecture.spatial_drop_rate:
        x = layers.SpatialDropout2D(architecture.spatial_drop_rate, name=f"spatial_dropout_{number}")(x)
    return x


def decoder_level(x: Any, level: Level, filters: int, number: int, architecture: Architecture) -> Any:
    """Grow `x` to `level.size_in` (height, width) with `filters` channels; the activation is left to the caller."""
    grow = UPSAMPLING[architecture.upsampling]
    x = grow(x, level, filters, convolution_options(architecture), f"deconv_{number}")
    surplus = (x.shape[1] - level.size_in[0], x.shape[2] - level.size_in[1])
    if any(surplus):
        x = layers.Cropping2D(((0, surplus[0]), (0, surplus[1])), name=f"crop_{number}")(x)
    return x


def dense_step(x: Any, width: int, name: str, architecture: Architecture, *, drop: bool) -> Any:
    """Dense layer, activation (and normalization), and dropout where `drop`: one hidden step of the MLP."""
    x = layers.Dense(width, **dense_options(architecture), name=name)(x)
    x = activated(x, architecture, name)
    return layers.Dropout(architecture.drop_rate, name=f"{name}_dropout")(x) if drop and architecture.drop_rate else x


def residual(x: Any, architecture: Architecture, name: str) -> Any:
    """Add to `x` what two convolutions 3 x 3 of its width make of it, and activate the sum.

    References
    ----------
    He, Zhang, Ren & Sun 2015, arXiv:1512.03385, equation 1 and figure 2.
    """
    made = x
    for number, shortcut in enumerate((None, x)):
        own = f"{name}_residual_{number}"
        made = layers.Conv2D(x.shape[-1], 3, **convolution_options(architecture), name=own)(made)
        made = activated(made, architecture, own, shortcut)
    return made


def activated(x: Any, architecture: Architecture, name: str, shortcut: Any = None) -> Any:
    """Apply the hidden activation, with batch normalization before or after it where the architecture says so.

    A `shortcut` is added right before the activation.
    """
    if architecture.batch_norm == "before":
        x = layers.BatchNormalization(name=f"{name}_norm")(x)
    if shortcut is not None:
        x = layers.Add(name=f"{name}_sum")([shortcut, x])
    x = activation(architecture.activation, f"{name}_activation")(x)
    if architecture.batch_norm == "after":
        x = layers.BatchNormalization(name=f"{name}_norm")(x)
    return x


def activation(text: str, name: str) -> layers.Layer:
    """Return the layer of an activation such as `relu` or `leaky_relu:0.2` (its negative slope, alpha or scale)."""
    kind, _, number = text.partition(":")
    if not number:
        return layers.Activation(kind, name=name)
    if kind == "leaky_relu":
        return layers.LeakyReLU(negative_slope=float(number), name=name)
    return layers.ELU(alpha=float(number), name=name)


def convolution_options(architecture: Architecture) -> dict[str, Any]:
    """Return the keyword arguments that every convolution shares."""
    return {
        "padding": "same",
        "kernel_initializer": architecture.cnn_kernel_initializer,
        "kernel_regularizer": regularizer(architecture.cnn_kernel_regularizer),
        "bias_initializer": architecture.cnn_bias_initializer,
    }


def dense_options(architecture: Architecture) -> dict[str, Any]:
    """Return the keyword arguments that every dense layer shares."""
    return {
        "use_bias": architecture.use_bias,
        "kernel_initializer": architecture.kernel_initializer,
        "bias_initializer": architecture.bias_initializer,
        "kernel_regularizer": regularizer(architecture.kernel_regularizer),
        "bias_regularizer": regularizer(architecture.bias_regularizer),
        "activity_regularizer": regularizer(architecture.activity_regularizer),
        "kernel_constraint": architecture.kernel_constraint,
        "bias_constraint": architecture.bias_constraint,
    }


def regularizer(text: str | None) -> regularizers.Regularizer | None:
    """Return Keras' regularizer for `l2` or, with its strength, `l2:0.001`."""
    if text is None:
        return None
    kind, _, number = text.partition(":")
    strength = float(number) if number else KERAS_STRENGTH
    return regularizers.L1L2(l1=strength * ("l1" in kind), l2=strength * ("l2" in kind))
