"""The benchmark's pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from autoencoder.plots.palette import color
from autoencoder.plots.plot import name_lines, quiet
from autoencoder.plots.style import STYLE, save, sheet, write

_WIDTH, _MARGIN = 1200, STYLE["margin"]
_LEFT, _RIGHT = 220, 400  # pixels left of the bars for their groups, and right of them for their names
_ROW, _GAP = 26, 24


def bars(title: str, groups: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """Draw a bar for each name of each group, with its figure at its end; the groups' own names stand at the left."""
    height = 90 + sum(len(values) * _ROW + _GAP for values in groups.values())
    figure, page = sheet(_WIDTH, height)
    write(page, _MARGIN, 36, title, kind="title", weight="bold")
    most = max(value for values in groups.values() for value in values.values())
    names = list(dict.fromkeys(name for values in groups.values() for name in values))
    top = 80
    for group, values in groups.items():
        write(page, _MARGIN, top + _ROW / 2, group)
        for name, value in values.items():
            length = (_WIDTH - _LEFT - _RIGHT) * value / most
            page.fill_between([_LEFT, _LEFT + length], top + 3, top + _ROW - 3, color=color(names.index(name)), lw=0)
            write(page, _LEFT + length + 10, top + _ROW / 2, f"{value:,.0f}  {name}", kind="small")
            top += _ROW
        top += _GAP
    save(figure, path)


def growth(title: str, panels: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]], path: Path) -> None:
    """Draw lines of (size, value) points on logarithmic scales, a panel below the other."""
    each, top = 360, 110
    total = 60 + len(panels) * (each + 90)
    figure, page = sheet(_WIDTH, total)
    write(page, _MARGIN, 36, title, kind="title", weight="bold")
    for heading, lines in panels.items():
        write(page, 105, top - 22, heading, kind="small", color=STYLE["muted"])
        box = (105 / _WIDTH, 1 - (top + each) / total, (_WIDTH - 105 - _RIGHT) / _WIDTH, each / total)
        axes = figure.add_axes(box)
        quiet(axes)
        colors = [color(number) for number in range(len(lines))]
        for points, line_color in zip(lines.values(), colors, strict=True):
            axes.loglog(*zip(*points, strict=True), color=line_color, linewidth=1.8, marker="o", markersize=4)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}" if value < 1e6 else "million"))
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_minor_formatter(NullFormatter())
        axes.grid(axis="x", color=STYLE["rule"], linewidth=0.8)
        name_lines(page, axes, list(lines), [points[-1][1] for points in lines.values()], colors)
        top += each + 90
    save(figure, path)
