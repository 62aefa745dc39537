"""Every knob of a run: one documented, checked field each.

The flags of the command line, the keys of a YAML file, the help and the table in docs/flags.md all follow from
these fields. `None` stands for `auto` or `none`, as the field's description says.
"""

from .architecture import Architecture, Upsampling
from .data import Data, Reading
from .output import Output, Resuming
from .run import Settings
from .training import Augment, Augmentation, Loss, Noise, Optimizer, Training

__all__ = [
    "Architecture",
    "Augment",
    "Augmentation",
    "Data",
    "Loss",
    "Noise",
    "Optimizer",
    "Output",
    "Reading",
    "Resuming",
    "Settings",
    "Training",
    "Upsampling",
]
