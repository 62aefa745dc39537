"""How much work `sort` may spend, and what it chooses for it from what the images are."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import Field

from .architecture import Architecture
from .fields import Section
from .training import Training

#: Steps of training, in batches of `BATCH` images of `PIXELS` pixels: about 3, 10 and 30 minutes on the processor of
#: docs/decisions/sort.md, choosing k and drawing included. Larger images are given as many fewer steps.
STEPS = {"small": 500, "medium": 2000, "large": 6000}
PIXELS = 32 * 32
BATCH = 128
#: Few images are not shown more often than this.
MOST_EPOCHS = 400
#: Fewer images have no clusters that could be told from chance.
FEWEST = 20
#: An image is seen at about so many pixels a side; smaller ones are made larger up to the least.
SIDE, LEAST_SIDE = 48, 28
#: This share of the images is not learned, and only says how well they are rebuilt.
VALID_SPLIT = 0.05
FILTERS = (32, 64, 128, 256)
#: Flags that are the same whatever the images and the budget.
CHOSEN: dict[str, Any] = {
    "kernel_size": 3,
    "strides": 2,
    "batch_norm": "before",
    "global_pooling": True,
    "mlp": False,
    "output_activation": "linear",
    "local_features": True,
    "loss": "mse",
    "augment": "auto",
    "target": "clean",
    "optimizer": "adamw",
    "schedule": "cosine",
}
#: These say nothing of what is learned, or which network teaches it.
_FREE = frozenset({"seed", "precision", "period", "encoder_from", "encoder_weights", "preprocess"})


class Budget(Section):
    """How much work is spent where nothing says how to train."""

    budget: Literal["auto", "small", "medium", "large"] | None = Field(
        "auto",
        description="small, medium, large: network, training and size of the images are chosen from what the images "
        "are, for about 3, 10 or 30 minutes on two cores; none: those that the flags say, as in run; auto: medium "
        "where no flag of the network or the training is given, else none",
    )

    def spent(self, architecture: Architecture, training: Training) -> str | None:
        """Return the budget that holds beside what was given; None where the flags say all.

        Raises
        ------
        ValueError
            If a budget and what it decides are both given: names the flag.
        """
        taught = {"encoder_use"} if architecture.encoder_use == "teacher" else set()
        given = sorted((architecture.model_fields_set | training.model_fields_set) - _FREE - taught)
        if self.budget == "auto":
            return None if given else "medium"
        if self.budget is not None and given:
            raise ValueError(f"--budget={self.budget} chooses --{given[0]} itself; leave one of them out")
        return self.budget


def chosen_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Return the size at which images are seen: 48 x 48 pixels at most, in proportion, and 28 a side at least."""
    scale = min(1.0, SIDE / math.sqrt(math.prod(shape)))
    height, width = (max(LEAST_SIDE, round(side * scale)) for side in shape)
    return height, width


def chosen_flags(budget: str, count: int, shape: tuple[int, int], *, taught: bool = False) -> dict[str, Any]:
    """Return the flags of network and training for a number of training images of a shape.

    With `taught` another network says which images are neighbours, otherwise local features do. Contrast is of
    augmented copies and of neighbours, and the embedding holds the network's numbers and local features:
    docs/decisions/sort.md says what else was tried.
    """
    steps = STEPS[budget] * min(1.0, PIXELS / math.prod(shape))
    epochs = max(1, min(MOST_EPOCHS, round(steps / math.ceil(count / BATCH))))
    return {
        **CHOSEN,
        "filters": FILTERS,
        "contrast": 1.0,
        "contrast_with": "both",
        **({} if taught else {"neighbours_from": "local"}),
        "learning_rate": 0.0015,
        "batch_size": BATCH,
        "train_epochs": epochs,
    }
