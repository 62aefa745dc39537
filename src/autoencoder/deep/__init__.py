"""Deep clustering: an encoder is trained further so that its clusters become clearer.

A method is a head on the encoder, the targets that it is trained towards, and a loss; the loop is `refine.refine`.
To add one: write a function that returns a `Refinement`, give it a line in `DEEP`, and add its name to the methods of
commands/cluster.py.
"""

from __future__ import annotations

from collections.abc import Callable

from .dec import dec, idec
from .graph import modularity, neighbour_graph, smoothed
from .refine import Refined, Refinement, Start, refine
from .self_label import self_label

DEEP: dict[str, Callable[[Start], Refinement]] = {"dec": dec, "idec": idec, "self_label": self_label}

__all__ = ["DEEP", "Refined", "Refinement", "Start", "modularity", "neighbour_graph", "refine", "smoothed"]
