"""Pictures of a training: its losses, and images beside what the network makes of them."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from .mosaic import cell, framed, place, resized
from .plot import bare, key, mark, ring, whole_numbers
from .style import STYLE, head, save, sheet, write

#: A picture shows at most so many images.
COLUMNS = 10

_WIDTH, _HEIGHT = 1200, 640
_LABELS = 165  # pixels for the names of the rows
_GAP = 10
_LINE = 34
_DIFFERENCE = "magma"
# The difference's scale ends at one of these, so that pictures of several runs can be compared.
_SCALES = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


def loss_curve(
    history: Mapping[str, Sequence[float]], path: str | os.PathLike[str], best_epoch: int | None = None
) -> None:
    """Draw the losses by epoch with the best epoch marked, and the learning rate below where it changed.

    Where the images' size changed, lines part the sizes.

    The scale is logarithmic where losses are positive and their range is tenfold or more. Values that are not
    finite leave a gap.

    Parameters
    ----------
    history : mapping from name to one value an epoch
        `loss`, and if there are any `val_loss`, `learning_rate`, `image_side` and `epoch` (1, 2, ... otherwise);
        others are not drawn.
    path : path
        A PNG file to write.
    best_epoch : int, optional
        Otherwise that of the lowest validation loss, or of the lowest loss.

    Raises
    ------
    DiskError
        If the file cannot be written.
    """
    losses = {name: np.asarray(history[name], float) for name in ("loss", "val_loss") if name in history}
    count = max((len(values) for values in losses.values()), default=0)
    epochs = np.asarray(history.get("epoch", range(1, count + 1)), float)
    rates = np.asarray(history.get("learning_rate", ()), float)
    changed = len(rates) == count and len(np.unique(rates)) > 1
    figure, page = sheet(_WIDTH, _HEIGHT)
    head(page, "Loss by epoch")
    bottom = 190 if changed else 90
    axes = figure.add_axes((0.095, bottom / _HEIGHT, 0.88, 1 - (bottom + 90) / _HEIGHT))
    _draw_losses(axes, page, epochs, losses)
    _mark_best(axes, epochs, losses.get("val_loss", losses.get("loss", np.zeros(0))), best_epoch)
    _part_sizes(axes, epochs, history.get("image_side", ()))
    lowest = axes
    if changed:
        lowest = figure.add_axes((0.095, 90 / _HEIGHT, 0.88, 60 / _HEIGHT), sharex=axes)
        _draw_rates(lowest, page, epochs, rates)
        axes.tick_params(labelbottom=False)
    write(page, _WIDTH * 0.975, _HEIGHT - 30, "epoch", ha="right", color=STYLE["muted"])
    save(figure, path)


def _draw_losses(axes: Axes, page: Axes, epochs: np.ndarray, losses: Mapping[str, np.ndarray]) -> None:
    bare(axes)
    whole_numbers(axes)
    finite = np.concatenate([values[np.isfinite(values)] for values in losses.values()] or [np.zeros(0)])
    if not len(finite):
        axes.set(xticks=[], yticks=[])
        write(page, _WIDTH / 2, _HEIGHT / 2, "no finite loss was recorded", ha="center", color=STYLE["muted"])
        return
    if finite.min() > 0 and finite.max() >= 10 * finite.min():
        _logarithmic(axes, finite.max() / finite.min())
    names = {"loss": ("training", "encoder"), "val_loss": ("validation", "accent")}
    for number, (name, values) in enumerate(losses.items()):
        label, color = names[name]
        marker = "o" if len(values) <= 30 else ""
        axes.plot(epochs, values, color=STYLE[color], linewidth=1.8, marker=marker, markersize=3.5)
        x = _WIDTH * 0.975 - 150 * (len(losses) - number)
        key(page, x, 36, STYLE[color], width=34)
        write(page, x + 44, 36, label)
    if len(epochs) == 1:
        axes.set(xlim=(epochs[0] - 1, epochs[0] + 1), xticks=epochs)


def _part_sizes(axes: Axes, epochs: np.ndarray, sides: Sequence[float]) -> None:
    """Draw a thin line where the size of the images changed, and write each size at the foot of its part."""
    if len(set(sides)) < 2:
        return
    starts = [number for number in range(len(sides)) if not number or sides[number] != sides[number - 1]]
    for number in starts:
        left = epochs[number] - 0.5 if number else axes.get_xlim()[0]
        if number:
            axes.axvline(left, color=STYLE["rule"], linewidth=1.0, zorder=1)
        axes.annotate(
            f"{sides[number]:g} px",
            (left, 0.0),
            xycoords=("data", "axes fraction"),
            xytext=(4, 4),
            textcoords="offset points",
            va="bottom",
            color=STYLE["muted"],
            family=STYLE["font"],
            size=STYLE["text"],
        )


def _mark_best(axes: Axes, epochs: np.ndarray, values: np.ndarray, best_epoch: int | None) -> None:
    if not np.isfinite(values).any() or best_epoch not in (None, *epochs):
        return
    lowest = int(np.nanargmin(np.where(np.isfinite(values), values, np.nan)))
    best = lowest if best_epoch is None else int(np.flatnonzero(epochs == best_epoch)[0])
    mark(axes, epochs[best])
    ring(axes, epochs[best], values[best], size=7)
    left = epochs[best] > epochs.mean()
    axes.annotate(
        f"best: epoch {epochs[best]:g}, {values[best]:.4g}",
        (epochs[best], 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(4 if left else -4, 4),
        textcoords="offset points",
        ha="right" if left else "left",
        va="bottom",
        color=STYLE["ink"],
        family=STYLE["font"],
        size=STYLE["text"],
    )


def _draw_rates(axes: Axes, page: Axes, epochs: np.ndarray, rates: np.ndarray) -> None:
    bare(axes)
    axes.step(epochs, rates, where="mid", color=STYLE["muted"], linewidth=1.5)
    if rates.min() > 0:
        axes.set_yscale("log")
    axes.yaxis.set_major_locator(FixedLocator([rates.min(), rates.max()]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.2g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.margins(y=0.25)
    write(page, _WIDTH * 0.095, _HEIGHT - 168, "learning rate", kind="small", color=STYLE["muted"])


def _logarithmic(axes: Axes, ratio: float) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if ratio < 1e4 else (1,)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def comparison(
    originals: np.ndarray,
    reconstructions: np.ndarray,
    path: str | os.PathLike[str],
    titles: Sequence[str] | None = None,
) -> None:
    """Draw originals over reconstructions over their absolute difference, with each image's error below.

    Small images are enlarged by whole numbers, so that every pixel stays a sharp square; large ones are averaged
    down. Reconstructions are shown clipped to [0, 1]; difference and error are of the values as they come.

    Parameters
    ----------
    originals : uint8 array of shape (n_images, height, width, channels)
        1 or 3 channels (RGB); the first `COLUMNS` images are shown.
    reconstructions : float array of the same shape, nominally in [0, 1]
    path : path
        A PNG file to write.
    titles : sequence of str, optional
        A name above each image, such as its class.

    Raises
    ------
    ValueError
        If there are no images or the shapes differ.
    DiskError
        If the file cannot be written.
    """
    if len(originals) == 0 or originals.shape != reconstructions.shape:
        raise ValueError(
            f"a comparison needs images and reconstructions of one shape: {originals.shape}, {reconstructions.shape}"
        )
    true = originals[:COLUMNS].astype(np.float64) / 255
    made = np.asarray(reconstructions[:COLUMNS], np.float64)
    difference = np.abs(made - true)
    errors = np.square(difference).reshape(len(true), -1).mean(axis=1)
    difference = difference.mean(axis=-1)
    scale = _scale(difference)
    colored = colormaps[_DIFFERENCE](np.nan_to_num(difference / scale, nan=1.0))[..., :3]
    rows = {"original": true, "reconstruction": np.clip(np.nan_to_num(made), 0, 1), "difference": colored}
    height, width = _cell(true.shape[1:3], len(true))
    pitch = max(width + _GAP, 96)
    top = STYLE["margin"] + (_LINE if titles else 0)
    total = top + 3 * (height + _GAP) + _LINE + 2 * _LINE
    figure, page = sheet(max(800, _LABELS + 2 * STYLE["margin"] + len(true) * pitch - _GAP), total)
    left = STYLE["margin"] + _LABELS
    for number, (name, images) in enumerate(rows.items()):
        y = top + number * (height + _GAP)
        write(page, left - 24, y + height / 2, name, ha="right")
        for column, image in enumerate(images):
            _place(figure, resized(image, (height, width)), left + column * pitch + (pitch - _GAP - width) // 2, y)
    _write_figures(page, errors, titles or (), (left, pitch, top + 3 * (height + _GAP)))
    _write_key(figure, page, scale, total, channels=true.shape[-1])
    save(figure, path)


def _write_figures(page: Axes, errors: np.ndarray, titles: Sequence[str], place: tuple[int, int, int]) -> None:
    left, pitch, below = place
    write(page, left - 24, below + 12, "MSE", ha="right", color=STYLE["muted"])
    for column, error in enumerate(errors):
        middle = left + column * pitch + (pitch - _GAP) / 2
        text = f"{error:.4f}" if error >= 0.001 else f"{error:.1e}"
        write(page, middle, below + 12, text, ha="center", kind="small", color=STYLE["muted"])
        if column < len(titles):
            write(page, middle, STYLE["margin"] + 6, str(titles[column]), ha="center", kind="small", limit=pitch - 4)


def _write_key(figure: Figure, page: Axes, scale: float, total: int, channels: int) -> None:
    y = total - 44
    left = STYLE["margin"] + _LABELS
    ramp = np.tile(np.linspace(0, 1, 160)[None], (14, 1))
    write(page, left - 24, y + 7, "difference 0", ha="right", kind="small", color=STYLE["muted"])
    _place(figure, colormaps[_DIFFERENCE](ramp)[..., :3], left, y)
    end = f"{scale:g}" + ("" if scale == _SCALES[-1] else " or more")
    mean = "; mean of the channels" if channels > 1 else ""
    write(page, left + 172, y + 7, f"{end}, where pixels run from 0 to 1{mean}", kind="small", color=STYLE["muted"])


def _scale(difference: np.ndarray) -> float:
    """Return the first scale that leaves at most one pixel in 50 beyond its end."""
    finite = difference[np.isfinite(difference)]
    high = np.quantile(finite, 0.98) if len(finite) else 1.0
    return next((scale for scale in _SCALES if high <= scale), _SCALES[-1])


def _cell(shape: tuple[int, int], count: int) -> tuple[int, int]:
    """Height and width in pixels at which each of so many images of `shape` is shown."""
    return cell(shape, 112 if count > 8 else 144 if count > 5 else 196 if count > 2 else 280)


def _place(figure: Figure, image: np.ndarray, x: int, y: int) -> None:
    """Put an image of values from 0 to 1 at `x`, `y` from the upper left corner, in a frame of one pixel."""
    place(figure, framed(np.rint(image * 255).astype(np.uint8)), x - 1, y - 1)
