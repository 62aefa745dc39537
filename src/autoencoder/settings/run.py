"""All that a run follows from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..errors import UsageError
from .architecture import Architecture
from .backbones import BACKBONES
from .data import Data
from .fields import Section, Sections, parse
from .output import Output
from .training import Training


def check_rate_decay(architecture: Architecture, training: Training) -> None:
    """Refuse rates by resolution where no network is there to have them.

    Raises
    ------
    UsageError
        Names the flag.
    """
    if training.changed("rate_decay") and architecture.encoder_from is None:
        raise UsageError("--rate_decay belongs to --encoder_from, whose layers learn at different rates; give both")
    if training.changed("rate_decay") and architecture.encoder_use != "start":
        raise UsageError(
            f"--rate_decay: with --encoder_use={architecture.encoder_use} no layer of the network learns; leave it out"
        )


def check_encoder_use(architecture: Architecture, training: Training) -> None:
    """Refuse a teacher whose neighbours nobody learns, and contrast where nothing can learn it.

    Raises
    ------
    UsageError
        Names the flags.
    """
    if architecture.encoder_use == "frozen" and not architecture.mlp and training.contrast:
        raise UsageError(
            "--contrast teaches the embedding, and with --encoder_use=frozen and --mlp=False nothing that makes it "
            "learns; leave one of the three out"
        )
    if architecture.encoder_use != "teacher":
        return
    if not training.contrast:
        raise UsageError("--contrast=0: --encoder_use=teacher teaches by contrast alone; leave --contrast out, for 1")
    if training.contrast_with == "views":
        raise UsageError(
            "--contrast_with=views pairs each image with itself, and --encoder_use=teacher with its neighbours in the "
            "network; leave one out, or give both"
        )
    if training.changed("neighbours_from"):
        raise UsageError(
            f"--neighbours_from={training.neighbours_from}: with --encoder_use=teacher neighbours are those of the "
            "network; leave one of the two out"
        )


#: The weight of contrast where a teacher teaches and none is given.
TAUGHT = 1.0


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

    def resolved(self) -> Settings:
        """Return the settings with what --linear_path and --encoder_use ask for in place of what was not given.

        Raises
        ------
        UsageError
            If the loss has no meaning for values outside [0, 1], the network is to grow, .h5 cannot hold it, or what
            a trained network is used for does not fit how the other one learns.
        """
        if self.architecture.encoder_use == "teacher" and "contrast" not in self.training.model_fields_set:
            taught = self.training.model_copy(update={"contrast": TAUGHT})
            return self.model_copy(update={"training": taught}).resolved()
        architecture = self.architecture
        check_encoder_use(architecture, self.training)
        for flag in ("linear_path", "backbone") if self.training.progressive else ():
            if getattr(architecture, flag):
                given = "encoder_from" if flag == "backbone" else flag
                raise UsageError(
                    f"--progressive starts from small images, and --{given} from whole ones; leave one out"
                )
        if self.output.h5 and architecture.backbone and architecture.backbone not in BACKBONES:
            raise UsageError(
                "--h5 is a format in which no two layers may have one name, and the network of --encoder_from may have "
                "names of the one around it: leave --h5 out"
            )
        if not architecture.linear_path:
            return self
        if self.training.by_views:
            raise UsageError(
                f"--contrast_with={self.training.contrast_with} keeps the last weights, and --linear_path promises the "
                "best reconstruction; leave one out"
            )
        given = self.training.loss if "loss" in self.training.model_fields_set else "mse"
        if given == "binary_crossentropy":
            raise UsageError(
                "--loss=binary_crossentropy is of values between 0 and 1, and those of --linear_path may lie outside "
                "while it learns: leave it out, for mse"
            )
        return self.model_copy(
            update={
                "architecture": architecture.model_copy(update={"output_activation": "linear"}),
                "training": self.training.model_copy(update={"loss": given}),
            }
        )

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
