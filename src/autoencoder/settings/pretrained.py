"""A network from elsewhere in the place of a run's encoder."""

from __future__ import annotations

from pydantic import Field

from .backbones import SEEN_SIDE
from .fields import Section
from .types import PREPROCESS, Preprocess, RunName, Shape


class Pretrained(Section):
    """What is to be said of a network from elsewhere in the place of RUN."""

    encoder_weights: RunName = Field(
        "imagenet",
        description="of a Keras application: imagenet, a file of its weights (.keras, .h5), or none: random",
    )
    preprocess: Preprocess | None = Field(
        None, description=f"of a network's file that this program did not make: {PREPROCESS}; none: not told"
    )
    image_shape: Shape | None = Field(
        None,
        description="of a network that takes images of any size: [height, width] in pixels at which it sees them; "
        f"auto: {SEEN_SIDE} a side",
    )
