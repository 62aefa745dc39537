"""The trained network that an encoder is made of: which one is meant, and what can be said of it without opening it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..model.origin import brings_pixels, made_here, taken_by
from ..settings import Architecture, Data, Settings
from ..settings.backbones import BACKBONES, backbone
from ..settings.fields import nearest
from ..settings.imagenet import weights_file
from ..storage.lookup import locate
from .pretrained import wanted_pixels

log = logging.getLogger("autoencoder")

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
            weights = str(weights_file(source, weights))
        return architecture.model_copy(update={"encoder_weights": weights})
    try:
        file = locate(source)[1].absolute()
    except UsageError as error:
        raise UsageError(
            f"--encoder_from={source}: is no Keras application{nearest(source, BACKBONES)}; nor a .keras file or a run "
            f"({error})"
        ) from error
    use = architecture.encoder_use
    if file.suffix != ".keras" and not (use == "teacher" and file.suffix == ".onnx"):
        raise UsageError(f"--encoder_from={source}: only a .keras file can be trained further; name one")
    _check_preprocess(architecture, source, file)
    return architecture.model_copy(update={"encoder_from": str(file)})


def _check_preprocess(architecture: Architecture, source: str, file: Path) -> None:
    """Refuse pixels of another kind for what this program made; say which kind a network from elsewhere is given."""
    given = architecture.preprocess
    if made_here(file):
        if given is not None:
            raise UsageError(f"--preprocess={given} is of a network from elsewhere, and {source} is none: leave it out")
    elif architecture.encoder_use != "start" or given is not None or brings_pixels(file):
        wanted_pixels(source, file, given)
    else:
        log.info(f"note: {source} is given pixels from 0 to 1; where it was trained on others, --preprocess says so")


def as_backbone_takes(data: Data, architecture: Architecture) -> Data:
    """Return the data's settings with the shape and the colour that a file's network takes, where they are left open.

    Raises
    ------
    ModelFileError
        If the file is damaged.
    """
    if architecture.backbone is None or architecture.backbone in BACKBONES:
        return data
    height, width, channels = taken_by(Path(architecture.backbone))
    found: dict[str, Any] = {}
    if data.image_shape is None and height and width:
        found["image_shape"] = (height, width)
    if data.color is None and channels == 1:
        found["color"] = "grayscale"
    return data.model_copy(update=found)


def check_backbone(settings: Settings) -> None:
    """Refuse images that are smaller than an application's least side, and weights that are not there.

    Raises
    ------
    UsageError
        Says the rule.
    ModelFileError
        Says where the weights are to be had.
    """
    architecture = settings.architecture
    if architecture.backbone in BACKBONES:
        backbone(architecture.backbone, settings.image_shape)
    if architecture.encoder_from in BACKBONES:
        weights_file(architecture.encoder_from, architecture.encoder_weights, architecture.encoder_use != "teacher")
