"""A picture of a network: an hourglass of its layers, drawn without any program beside matplotlib."""

import math
import os
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Polygon

from ..model.geometry import Layer
from .style import STYLE, save, sheet, write

_WIDTH = 1200
_TOP, _BOTTOM = 156, 24
_ROW, _BOX = 50, 34
_CENTER, _WIDEST, _NARROWEST = 620, 390, 60
_SHAPE_AT, _PARAMETERS_AT = 850, 1170
_LANE, _LABEL = 26, 100  # pixels beside the boxes for a way, and for what is written at one
_EMBEDDINGS = {"embedding", "linear_embedding"}  # a linear path in parts ends in a layer of its own
_TIMES = " \N{MULTIPLICATION SIGN} "


class _Block(NamedTuple):
    """A box: a layer and those after it that only finish its work."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    shape: tuple[int, ...]
    parameters: int

    @property
    def values(self) -> int:
        return math.prod(self.shape)


class _Link(NamedTuple):
    """A way from one box to a later one past those between: a skip, or a linear path, which has parameters."""

    start: int
    end: int
    parameters: int
    skip: bool


def diagram(layers: Sequence[Layer], path: str | os.PathLike[str]) -> None:
    """Draw the layers from image to embedding and back, a line each, as boxes that are wider the more values they hold.

    Widths follow the logarithm of the number of values. Layers that only activate, normalise, drop out or reshape
    share the box of the layer before them. What leads past others, a skip or a linear path, is a line beside them.

    Parameters
    ----------
    layers : sequence of Layer
        In order, from the image to the image. The last one called "embedding" or "linear_embedding" is marked as such,
        or where none is the one with the fewest values between the images.
    path : path
        A PNG file to write.

    Raises
    ------
    ValueError
        If there are no layers.
    DiskError
        If the file cannot be written.
    """
    if not layers:
        raise ValueError("a picture of a network needs at least one layer: 0 given")
    blocks = _blocks([layer for layer in layers if not layer.beside])
    links = _links(layers, blocks)
    aside = _room(links)
    middle = _middle(blocks)
    widths = [_width(block.values, max(block.values for block in blocks)) for block in blocks]
    figure, page = sheet(_WIDTH + aside, _TOP + len(blocks) * _ROW + _BOTTOM)
    _write_head(page, blocks, middle, (sum(layer.parameters for layer in layers), aside))
    for number, block in enumerate(blocks):
        y = _TOP + number * _ROW
        color = STYLE["accent"] if number == middle else STYLE["encoder" if number < middle else "decoder"]
        if number + 1 < len(blocks):
            _draw_link(page, y + _BOX, (widths[number], widths[number + 1]))
        _draw_box(page, y, widths[number], color)
        _write_block(page, y + _BOX / 2, block, _mark(links) if number == middle else "", aside)
    for link in links:
        _draw_way(page, link, links, widths)
    save(figure, path)


def _blocks(layers: Sequence[Layer]) -> list[_Block]:
    blocks: list[_Block] = []
    for layer in layers:
        last = blocks[-1] if blocks else None
        shape = tuple(layer.shape)
        # A layer whose weights are a handful for each channel (a normalisation) finishes the work of the one before.
        finishing = layer.parameters == 0 or (last is not None and shape == last.shape and "Norm" in layer.kind)
        if last is not None and math.prod(shape) == last.values and finishing:
            blocks[-1] = _Block(
                (*last.names, layer.name), (*last.kinds, layer.kind), last.shape, last.parameters + layer.parameters
            )
        else:
            blocks.append(_Block((layer.name,), (layer.kind,), shape, layer.parameters))
    return blocks


def _links(layers: Sequence[Layer], blocks: Sequence[_Block]) -> list[_Link]:
    place: dict[str, int] = {}  # of two layers of one name, the image's, ways begin at the first
    for number, block in enumerate(blocks):
        for name in block.names:
            place.setdefault(name, number)
    links: list[_Link] = []
    parameters = 0
    for layer in layers:
        if layer.beside:
            parameters += layer.parameters
        elif layer.joins is not None:
            links.append(_Link(place[layer.joins], place[layer.name], parameters, layer.kind == "Concatenate"))
            parameters = 0
    return links


def _lane(link: _Link, links: Sequence[_Link]) -> int:
    """How many ways lie between this one and the boxes: those that it encloses."""
    return sum(other.start > link.start and other.end < link.end for other in links)


def _room(links: Sequence[_Link]) -> int:
    """How many pixels the ways take beside the boxes."""
    if not links:
        return 0
    return _LANE * (max(_lane(link, links) for link in links) + 1) + _LABEL * (not all(link.skip for link in links))


def _mark(links: Sequence[_Link]) -> str:
    """What the narrowest box is called: where skips lead around it, it is no embedding."""
    return "narrowest: " if any(link.skip for link in links) else "embedding: "


def _draw_way(page: Axes, link: _Link, links: Sequence[_Link], widths: Sequence[float]) -> None:
    x = _CENTER + _WIDEST / 2 + _LANE * (_lane(link, links) + 0.6)
    above, below = _TOP + link.start * _ROW + 0.7 * _BOX, _TOP + link.end * _ROW + 0.3 * _BOX
    first, last = (_CENTER + widths[number] / 2 + 3 for number in (link.start, link.end))
    line = {"color": STYLE["muted"], "linewidth": 1.4, "solid_joinstyle": "round"}
    page.plot([first, x, x, last + 6], [above, above, below, below], **line)
    page.plot([last + 6], [below], marker="<", markersize=5, color=STYLE["muted"], linewidth=0)
    if not link.skip:
        middle = (above + below) / 2
        write(page, x + 10, middle - 11, "linear path", kind="small")
        if link.parameters:
            write(page, x + 10, middle + 11, f"{link.parameters:,}", kind="small", color=STYLE["muted"])


def _middle(blocks: Sequence[_Block]) -> int:
    named = [number for number, block in enumerate(blocks) if _EMBEDDINGS & {*block.names}]
    inner = range(1, len(blocks) - 1) or range(len(blocks))  # with skips nothing may be narrower than the image
    return named[-1] if named else min(inner, key=lambda number: blocks[number].values)


def _width(values: int, most: int) -> float:
    return _NARROWEST + (_WIDEST - _NARROWEST) * math.log(max(values, 1)) / math.log(max(most, 2))


def _size(shape: Sequence[int]) -> str:
    return _TIMES.join(map(str, shape))


def _write_head(page: Axes, blocks: Sequence[_Block], middle: int, totals: tuple[int, int]) -> None:
    weights, aside = totals
    left, muted = STYLE["margin"], STYLE["muted"]
    image, embedding = blocks[0], blocks[middle]
    write(page, left, 40, f"{_size(image.shape)} to {_size(embedding.shape)} and back", kind="title", weight="bold")
    ratio = image.values / max(embedding.values, 1)
    times = f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.2g}"
    said = f"{image.values:,} values become {embedding.values:,} ({times} to 1); {weights:,} parameters"
    write(page, left, 76, said, color=muted)
    for x, text, side in (
        (left, "layer", "left"),
        (_CENTER, "values", "center"),
        (_SHAPE_AT + aside, "shape", "left"),
        (_PARAMETERS_AT + aside, "parameters", "right"),
    ):
        write(page, x, _TOP - 30, text, kind="small", color=muted, ha=side)


def _draw_link(page: Axes, y: float, widths: tuple[float, float]) -> None:
    above, below = (width / 2 for width in widths)
    corners = [
        (_CENTER - above, y),
        (_CENTER + above, y),
        (_CENTER + below, y + _ROW - _BOX),
        (_CENTER - below, y + _ROW - _BOX),
    ]
    page.add_patch(Polygon(corners, closed=True, facecolor=STYLE["rule"], edgecolor="none", alpha=0.6))


def _draw_box(page: Axes, y: float, width: float, color: str) -> None:
    page.add_patch(
        FancyBboxPatch(
            (_CENTER - width / 2, y),
            width,
            _BOX,
            boxstyle="round,pad=0,rounding_size=5",
            facecolor=color,
            edgecolor="none",
        )
    )


def _write_block(page: Axes, y: float, block: _Block, marked: str, aside: int) -> None:
    left = STYLE["margin"]
    room = _CENTER - _WIDEST // 2 - left - 15
    write(page, left, y - 10, block.names[0], limit=room)
    kinds = marked + ", ".join(block.kinds).replace("Normalization", "Norm")
    write(page, left, y + 12, kinds, kind="tiny", color=STYLE["accent" if marked else "muted"], limit=room)
    write(page, _CENTER, y, f"{block.values:,}", ha="center", color=STYLE["paper"])
    write(page, _SHAPE_AT + aside, y, _size(block.shape))
    if block.parameters:
        write(page, _PARAMETERS_AT + aside, y, f"{block.parameters:,}", ha="right")
