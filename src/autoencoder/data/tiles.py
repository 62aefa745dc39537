"""Images as overlapping tiles: cut from them, and blended back into one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

#: So many tiles at most go through a network at once, and so many bytes of them.
_AT_ONCE, _BYTES_AT_ONCE = 64, 2**25


class Tiles:
    """All tiles of some images as if they were one array, uint8 of shape (n, side, side, channels).

    Rows are cut where they are asked for; nothing is kept but the images themselves and where each tile begins.
    Tiles begin at multiples of the step, so that the blocks of a code lie alike in all of them; what is left at the
    right and lower edge, less than a step, is in no tile.

    Parameters
    ----------
    images : sequence of uint8 arrays of shape (height, width, channels)
        Of any sizes, none smaller than a tile.
    side, step : int
        The tile's side, and how far one tile lies from the next, in pixels.
    """

    def __init__(self, images: Sequence[np.ndarray], side: int, step: int) -> None:
        self._images, self._side = images, side
        corners = [_corners(number, image.shape, side, step) for number, image in enumerate(images)]
        self._corners = np.concatenate(corners).astype(np.int32)

    def __len__(self) -> int:
        return len(self._corners)

    @property
    def shape(self) -> tuple[int, ...]:
        """Tiles, height, width, channels."""
        return len(self), self._side, self._side, self._images[0].shape[2]

    def __getitem__(self, rows: np.ndarray | slice) -> np.ndarray:
        """Cut the tiles of some rows."""
        chosen, side = self._corners[rows], self._side
        cut = np.empty((len(chosen), *self.shape[1:]), np.uint8)
        for place, (number, top, left) in enumerate(chosen):
            cut[place] = self._images[number][top : top + side, left : left + side]
        return cut


def _corners(number: int, shape: tuple[int, ...], side: int, step: int) -> np.ndarray:
    """Return the image's number, top and left of every tile, of shape (n, 3)."""
    starts = (np.arange(0, length - side + 1, step) for length in shape[:2])
    return np.stack(np.meshgrid(number, *starts, indexing="ij")).reshape(3, -1).T


def replace_by_tiles(image: np.ndarray, side: int, step: int, restore: Callable[[np.ndarray], np.ndarray]) -> None:
    """Replace an image, in place, by what `restore` makes of its tiles, blended where they overlap.

    The lower and the right edge are mirrored until whole tiles cover the image; so may be an image smaller than a
    tile. Where tiles overlap, each counts more the nearer its own middle is. Apart from the image itself only a
    strip as high as a tile is kept.

    Parameters
    ----------
    image : uint8 array of shape (height, width, channels)
        Writable.
    side, step : int
        The tile's side, and how far one tile lies from the next: at most a side, in pixels.
    restore : function
        From float32 tiles of shape (n, side, side, channels) in [0, 1] to an array of their shape.
    """
    height, width, channels = image.shape
    rows, columns = _mirrored(height, side, step), _mirrored(width, side, step)
    below = image[rows[height:]]  # taken now: these rows will be replaced before they are needed
    window = _window(side)
    across = _total_weights(len(columns), window, step)[:, None]
    sums, weights = np.zeros((side, len(columns), channels), np.float32), np.zeros(side, np.float32)
    for top in range(0, len(rows) - side + 1, step):
        strip = np.concatenate([image[top : top + side], below[max(0, top - height) : max(0, top + side - height)]])
        _add_tiles(sums, strip[:, columns], step, window, restore)
        weights += window
        last = top + side == len(rows)
        done = min(side if last else step, height - top)
        image[top : top + done] = _to_levels(sums[:done, :width] / (weights[:done, None, None] * across[:width]))
        sums[: side - step], weights[: side - step] = sums[step:], weights[step:]
        sums[side - step :], weights[side - step :] = 0, 0


def _mirrored(length: int, side: int, step: int) -> np.ndarray:
    """Return which pixel stands at each place of a line that is mirrored at its end until tiles cover it."""
    covered = side + -(-max(0, length - side) // step) * step
    return np.pad(np.arange(length), (0, covered - length), mode="symmetric")


def _window(side: int) -> np.ndarray:
    """Return the weight of each row of a tile: 1 at its edges, and one more with every pixel towards the middle."""
    return (1 + np.minimum(np.arange(side), np.arange(side)[::-1])).astype(np.float32)


def _total_weights(length: int, window: np.ndarray, step: int) -> np.ndarray:
    total = np.zeros(length, np.float32)
    for left in range(0, length - len(window) + 1, step):
        total[left : left + len(window)] += window
    return total


def _add_tiles(
    sums: np.ndarray, strip: np.ndarray, step: int, window: np.ndarray, restore: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Add the weighted results of all tiles along a strip."""
    side = len(window)
    weight = np.outer(window, window)[:, :, None]
    lefts = range(0, strip.shape[1] - side + 1, step)
    at_once = max(1, min(_AT_ONCE, _BYTES_AT_ONCE // (4 * side * side * strip.shape[2])))
    for start in range(0, len(lefts), at_once):
        chosen = lefts[start : start + at_once]
        tiles = np.stack([strip[:, left : left + side] for left in chosen])
        for left, tile in zip(chosen, restore(tiles.astype(np.float32) / np.float32(255)), strict=True):
            sums[:, left : left + side] += weight * tile


def _to_levels(values: np.ndarray) -> np.ndarray:
    return np.rint(values.clip(0, 1) * 255).astype(np.uint8)
