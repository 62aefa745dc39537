"""How the values of a file become the pixels of an image: one rule for training and for all that is read later."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Rules(NamedTuple):
    """The rules that a person may change; docs/images.md tells of the others.

    Attributes
    ----------
    background : (int, int, int) or None
        Red, green and blue, 0 to 255, that transparent images are drawn on; None: their stored colours count.
    range : (float, float), "auto" or None
        The values that become 0 and 255, in the units of the files; "auto" until the images were looked at; None: all
        that the file's type can hold.
    fit : {"stretch", "pad", "crop"}
        What becomes of an image of other proportions than the wanted ones.
    """

    background: tuple[int, int, int] | None = None
    range: tuple[float, float] | Literal["auto"] | None = None
    fit: Literal["stretch", "pad", "crop"] = "stretch"


#: What holds where a person changes nothing.
AS_STORED = Rules()
