"""The types of the knobs: what each accepts, and what it says of what it does not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from .text import NameList, expand_home

ACTIVATIONS = (
    *("celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu"),
    *("linear", "log_sigmoid", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softplus"),
    *("softsign", "sparse_plus", "squareplus", "swish", "tanh", "tanh_shrink"),
)
INITIALIZERS = (
    *("glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "ones"),
    *("orthogonal", "random_normal", "random_uniform", "truncated_normal", "variance_scaling", "zeros"),
)
#: No strength beyond is of use, and float32 overflows soon after.
STRONGEST = 1e6
REGULARIZERS = ("l1", "l2", "l1_l2")
CONSTRAINTS = ("max_norm", "non_neg", "unit_norm")


def listed(value: Any) -> Any:
    """Let one value stand for a list of one; let commas stand without brackets."""
    if isinstance(value, str) and "," in value:
        return [part.strip() for part in value.strip("[]()").split(",")]
    return list(value) if isinstance(value, list | tuple) else [value]


def _pairs(value: Any) -> Any:
    """Let an int `n` stand for the pair (n, n), level by level."""
    return [list(item) if isinstance(item, list | tuple) else [item, item] for item in listed(value)]


def _pooling(value: Any) -> str:
    # YAML 1.1 reads a bare `no` as false.
    name = "no" if value is False or value is None else str(value)
    if not re.fullmatch(r"no|(avg|max)([2-9]|[1-9][0-9]+)?", name):
        raise ValueError(f"{name!r} is no pooling; choose from avg, max, no, or avg and max with a size: max5")
    return name


def no_truth(value: Any) -> Any:
    """Refuse true and false where a number is meant: Python counts True as 1."""
    if isinstance(value, bool):
        raise ValueError("should be a number")
    return value


def _pair(value: Any) -> Any:
    return [value, value] if isinstance(value, int) else listed(value)


def named(choices: Iterable[str], what: str, *, numbered: Iterable[str] = ()) -> BeforeValidator:
    """Accept one of `choices`; those that are `numbered` may bring a number of their own: `name:0.2`."""
    choices, numbered = tuple(choices), tuple(numbered)

    def check(value: Any) -> str:
        name, colon, strength = str(value).partition(":")
        if name not in choices:
            raise ValueError(f"{name!r} is no {what}; choose from {', '.join(choices)}")
        if colon and name not in numbered:
            raise ValueError(f"{name} takes no number; write {name!r} alone")
        if colon and not re.fullmatch(r"\d*\.?\d+(e-?\d+)?", strength):
            raise ValueError(f"what follows {name}: must be a number of at least 0, as in {name}:0.2")
        if colon and float(strength) > STRONGEST:
            raise ValueError(f"what follows {name}: must be at most {STRONGEST:g}, as in {name}:0.2")
        return str(value)

    return BeforeValidator(check)


def _names(value: Any) -> Any:
    return [value] if isinstance(value, str | int) else value


def _run_name(value: Any) -> str:
    # What a command of training returns is a run too.
    return str(expand_home(str(getattr(value, "path", value))))


def _color(value: Any) -> str:
    """Return a colour's name, `#rrggbb` or `r,g,b` as `#rrggbb`."""
    from PIL import ImageColor

    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    text = f"rgb({text})" if "," in text and "(" not in text else text
    try:
        return f"#{bytes(ImageColor.getrgb(text)[:3]).hex()}"
    except ValueError:
        raise ValueError(f"{value!r} is no colour; write a name (white), #rrggbb, or red,green,blue") from None


def _range(value: Any) -> Any:
    if isinstance(value, str) and "," not in value:
        if value not in ("full", "auto"):
            raise ValueError(f"{value!r} is no range; choose full, auto, or two numbers: 0,1020")
        return value
    values = listed(value)
    if len(values) != 2 or any(isinstance(each, bool) for each in values):
        raise ValueError("needs two numbers, the values that become black and white: 0,1020")
    low, high = (float(each) for each in values)
    if not low < high:
        raise ValueError("the first number, which becomes black, must be smaller than the second, which becomes white")
    return low, high


#: What a network from elsewhere wants its pixels to be.
Preprocess = Literal["unit", "symmetric", "bytes", "imagenet", "caffe"]
PREPROCESS = (
    "what its pixels are to be: unit (0 to 1), symmetric (-1 to 1), bytes (0 to 255), imagenet (0 to 1, less the mean "
    "of ImageNet, divided by its deviation, as PyTorch's networks are), caffe (0 to 255, blue first, less the mean)"
)
PositiveInt = Annotated[int, Field(ge=1, lt=2**31), BeforeValidator(no_truth)]
#: How many images a picture shows; more would be no picture to look at.
Shown = Annotated[int, Field(ge=1, le=600), BeforeValidator(no_truth)]
#: No network has wider layers, and shapes much beyond are no longer numbers that TensorFlow can hold.
WIDEST = 2**24
Width = Annotated[int, Field(ge=1, le=WIDEST), BeforeValidator(no_truth)]
#: From about 170 a side on, TensorFlow's convolutions end the whole program without a word.
KernelSide = Annotated[int, Field(ge=1, le=127), BeforeValidator(no_truth)]
Share = Annotated[float, Field(ge=0, lt=1), BeforeValidator(no_truth)]
Side = Annotated[int, Field(ge=1, le=32_768), BeforeValidator(no_truth)]
Shape = Annotated[tuple[Side, Side], BeforeValidator(_pair)]
Widths = Annotated[tuple[Width, ...], Field(min_length=1), BeforeValidator(listed)]
Pairs = Annotated[tuple[tuple[PositiveInt, PositiveInt], ...], Field(min_length=1), BeforeValidator(_pairs)]
Kernels = Annotated[tuple[tuple[KernelSide, KernelSide], ...], Field(min_length=1), BeforeValidator(_pairs)]
Pooling = Annotated[str, BeforeValidator(_pooling)]
Poolings = Annotated[tuple[Pooling, ...], Field(min_length=1), BeforeValidator(listed)]
Names = Annotated[tuple[str, ...], NameList(), BeforeValidator(_names)]
RunName = Annotated[str, BeforeValidator(_run_name)]
#: A run whose encoder is used, and nothing else of it.
EncoderName = Annotated[
    RunName,
    Field(
        description="a run's folder, its name in logs/, `latest`, the file of an encoder (.keras, .h5 or .onnx), or a "
        "Keras application: MobileNetV2"
    ),
]
#: The images that an encoder is given, where its own are meant otherwise.
Images = Annotated[
    Path | None,
    Field(description="the images: a folder or an idx file; auto: those that the run was trained on"),
]
Color = Annotated[str, BeforeValidator(_color)]
Range = Annotated[Literal["full", "auto"] | tuple[float, float], BeforeValidator(_range)]
Activation = Annotated[str, named(ACTIVATIONS, "activation", numbered=("leaky_relu", "elu"))]
Initializer = Annotated[str, named(INITIALIZERS, "initializer")]
Regularizer = Annotated[str, named(REGULARIZERS, "regularizer", numbered=REGULARIZERS)] | None
Constraint = Annotated[str, named(CONSTRAINTS, "constraint")] | None
