"""What all pictures share: colours, sizes, and a sheet to draw on that leaves nothing global behind."""

import os
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from ..files import replacing
from .names import shortened

#: Lengths are pixels, text sizes points; pictures are drawn for a page about 900 pixels wide.
STYLE: dict[str, Any] = {
    "paper": "#ffffff",
    "ink": "#1f2933",
    "muted": "#6b7785",
    "rule": "#dde2e8",
    "encoder": "#3b6ea5",
    "decoder": "#3f8f7f",
    "accent": "#d9722e",
    "font": "DejaVu Sans",  # the one font that comes with matplotlib, so that pictures are the same everywhere
    "title": 11.0,
    "text": 9.0,
    "small": 8.0,
    "tiny": 7.0,
    "dpi": 150,
    "margin": 30,
}


def sheet(width: int, height: int) -> tuple[Figure, Axes]:
    """Make an empty picture of `width` x `height` pixels whose axes count pixels from its upper left corner."""
    dpi = STYLE["dpi"]
    figure = Figure((width / dpi, height / dpi), dpi=dpi, facecolor=STYLE["paper"])
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(height, 0))
    return figure, axes


def write(axes: Axes, x: float, y: float, text: str, **style: Any) -> None:
    """Write one line of text, as it is, vertically centred at `x`, `y`.

    `limit` is the most pixels that it may take: it is shortened in its middle.
    """
    limit = style.pop("limit", None)
    kind = style.pop("kind", "text")
    options = {"family": STYLE["font"], "size": STYLE[kind], "color": STYLE["ink"], "va": "center_baseline", **style}
    artist = axes.text(x, y, _printable(text), parse_math=False, **options)
    length = len(text)
    while limit is not None and length > 1 and artist.get_window_extent().width > limit:
        length -= 1
        artist.set_text(_printable(shortened(text, length)))


def head(page: Axes, title: str, remark: str = "") -> None:
    """Write a remark in the upper right corner, and a title in the room that it leaves."""
    right = round(page.bbox.width) - STYLE["margin"]
    write(page, right, 37, remark, ha="right", kind="small", color=STYLE["muted"])
    room = page.texts[-1].get_window_extent().x0 - STYLE["margin"] - 20
    write(page, STYLE["margin"], 36, title, kind="title", weight="bold", limit=room)


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a PNG whole or not at all; the same figure gives the same bytes."""
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    with replacing(path) as temporary, temporary.open("wb") as file:
        canvas.print_png(file, metadata={"Software": None})


def _printable(text: str) -> str:
    """Put a box where the font has no sign, instead of a warning."""
    known = get_font(findfont(STYLE["font"])).get_charmap()
    return "".join(sign if ord(sign) in known and sign.isprintable() else "\N{WHITE SQUARE}" for sign in text)
