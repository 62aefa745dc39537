"""The trained network that an encoder is made of: which one is meant, and what can be said of it without opening it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from ..errors import ModelFileError, UsageError
from ..model.layer_names import keras_layers
from ..settings import Architecture, Data, Settings
from ..settings.backbones import BACKBONES, backbone
from ..settings.fields import nearest
from ..storage.lookup import locate

#: What `encoder_weights` may be besides a file.
_WORDS = ("imagenet", "none")


def with_backbone(architecture: Architecture) -> Architecture:
    """Return the architecture with the files that it names found, and named as they are from everywhere.

    Raises
    ------
    UsageError
        If `encoder_from` is no Keras application, run or .keras file.
    ModelFileError
        If there is no such file.
    """
    source, weights = architecture.encoder_from, architecture.encoder_weights
    if source is None:
        return architecture
    if source in BACKBONES:
        if weights not in _WORDS:
            file = Path(weights).absolute()
            if not file.is_file():
                raise ModelFileError(f"--encoder_weights={weights}: there is no such file of {source}'s weights")
            weights = str(file)
        return architecture.model_copy(update={"encoder_weights": weights})
    try:
        file = locate(source)[1].absolute()
    except UsageError as error:
        raise UsageError(
            f"--encoder_from={source}: is no Keras application{nearest(source, BACKBONES)}; nor a .keras file or a run "
            f"({error})"
        ) from error
    if file.suffix != ".keras":
        raise UsageError(f"--encoder_from={source}: only a .keras file can be trained further; name one")
    return architecture.model_copy(update={"encoder_from": str(file)})


def as_backbone_takes(data: Data, architecture: Architecture) -> Data:
    """Return the data's settings with the shape and the colour that a file's network takes, where they are left open.

    Raises
    ------
    ModelFileError
        If the file is damaged.
    """
    if architecture.encoder_from is None or architecture.encoder_from in BACKBONES:
        return data
    height, width, channels = _taken(Path(architecture.encoder_from))
    found: dict[str, Any] = {}
    if data.image_shape is None and height and width:
        found["image_shape"] = (height, width)
    if data.color is None and channels == 1:
        found["color"] = "grayscale"
    return data.model_copy(update=found)


def check_backbone(settings: Settings) -> None:
    """Refuse images that are smaller than an application's least side.

    Raises
    ------
    UsageError
        Says the rule.
    """
    if settings.architecture.encoder_from in BACKBONES:
        backbone(settings.architecture.encoder_from, settings.image_shape)


def _taken(file: Path) -> tuple[int | None, int | None, int | None]:
    """Return height, width and channels of the images that a .keras file's network takes, None where they are open."""
    try:
        shapes = [layer["config"]["batch_shape"] for layer in keras_layers(file) if layer["class_name"] == "InputLayer"]
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ModelFileError(
            f"{file}: the file is damaged or no Keras model; train it again or restore a copy"
        ) from error
    if not shapes or len(shapes[0]) != 4:
        raise ModelFileError(f"{file}: an encoder takes images of (height, width, channels); this network does not")
    _, height, width, channels = shapes[0]
    return height, width, channels
