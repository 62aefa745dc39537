"""Make pairs of binary codes, clean and damaged: `python scripts/make_binary_codes.py FOLDER`.

FOLDER/original and FOLDER/modified then hold images of one name each: codes of random blocks of 6 x 6 pixels, and QR
codes of the same scale in turn, damaged as print and scan do it. Every strength of the damage is drawn anew for each
image; the seed repeats all of it. Needs segno: pip install '.[codes]'.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import checkout  # noqa: F401 - finds the package
import cv2
import numpy as np

try:
    import segno
except ImportError:
    raise SystemExit("codes are made by segno, which is not installed: pip install '.[codes]'") from None

from autoencoder.metrics.hamming import hamming

BLOCK = 6
BLOCKS, MARGIN = 28, 2  # of a code of random blocks: its side, and the white around it

Random = np.random.Generator
Range = tuple[float, float]


class Strengths(NamedTuple):
    """From where to where each strength is drawn; levels run from 0 (black) to 1 (white), lengths are pixels."""

    shift: Range = (-1.2, 1.2)
    rotation: Range = (-0.6, 0.6)  # degrees around the centre
    blur: Range = (0.6, 2.2)  # standard deviation
    ink: Range = (0.0, 0.25)  # level of what was black
    light: Range = (0.15, 0.65)  # how much darker the darkest place is
    glare: Range = (0.0, 0.45)  # how much lighter the lightest place is
    speckle: Range = (0.0, 0.01)  # share of the pixels where a dot begins
    smears: Range = (0.0, 4.0)  # how many
    cover: Range = (0.15, 0.4)  # how much of the light a smear takes
    grain: Range = (0.02, 0.1)  # standard deviation


DEFAULT = Strengths()
HARD = Strengths(blur=(1.0, 3.0), light=(0.45, 0.75), glare=(0.2, 0.6), smears=(2.0, 8.0), grain=(0.04, 0.14))


def blocks(random: Random) -> np.ndarray:
    """Return a code of random blocks, uint8 (192, 192)."""
    bits = np.pad(random.integers(0, 2, (BLOCKS, BLOCKS), np.uint8) * 255, MARGIN, constant_values=255)
    return np.kron(bits, np.ones((BLOCK, BLOCK), np.uint8))


def qr(random: Random) -> np.ndarray:
    """Return a QR code of versions 1 to 4 with its quiet zone, uint8, 174 to 246 pixels a side."""
    letters = random.choice(list("ABCDEFGHJKLMNPQRSTUVWXYZ23456789"), int(random.integers(6, 32)))
    code = segno.make("".join(letters), error=str(random.choice(list("LMQH"))), micro=False, boost_error=False)
    bits = np.array(list(code.matrix_iter(border=4)), bool)
    return np.kron(np.where(bits, 0, 255).astype(np.uint8), np.ones((BLOCK, BLOCK), np.uint8))


def damage(original: np.ndarray, strengths: Strengths, random: Random) -> np.ndarray:
    """Print and scan a code: shift and turn it, blur it, light it unevenly, and put speckle, smears and grain on it."""
    drawn = Strengths(*(float(random.uniform(*ends)) for ends in strengths))
    image = _moved(original / 255, drawn, random)
    image = cv2.GaussianBlur(image, (0, 0), drawn.blur)
    return _scanned(image, drawn, random)


def damage_unseen(original: np.ndarray, strengths: Strengths, random: Random) -> np.ndarray:
    """Damage of other kinds: ink bleeds, the blur is of motion or of a lens out of focus, paper folds, JPEG."""
    drawn = Strengths(*(float(random.uniform(*ends)) for ends in strengths))
    image = _bled(_moved(original / 255, drawn, random), float(random.uniform(0, 0.6)))
    kernel = _motion(random) if random.random() < 0.5 else _disc(float(random.uniform(1.0, 3.0)))
    image = cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    for _ in range(int(random.integers(1, 4))):
        image = _folded(image, random)
    pixels = _scanned(image, drawn, random)
    quality = int(random.integers(15, 60))
    return cv2.imdecode(cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, quality))[1], cv2.IMREAD_GRAYSCALE)


def _moved(image: np.ndarray, drawn: Strengths, random: Random) -> np.ndarray:
    height, width = image.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), drawn.rotation, 1.0)
    matrix[:, 2] += drawn.shift, random.uniform(-abs(drawn.shift), abs(drawn.shift))
    return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def _scanned(image: np.ndarray, drawn: Strengths, random: Random) -> np.ndarray:
    """Return what the scanner sees of a sheet, uint8."""
    image = drawn.ink + (1 - drawn.ink) * image
    image = image * (1 - drawn.light * _cloud(image.shape, random))
    image = image + drawn.glare * _cloud(image.shape, random) ** 2
    image = _speckled(image, drawn.speckle, random)
    for _ in range(round(drawn.smears)):
        image = image * (1 - drawn.cover * _smear(image.shape, random))
    image = image + random.normal(0, drawn.grain, image.shape)
    return (image.clip(0, 1) * 255).round().astype(np.uint8)


def _cloud(shape: tuple[int, int], random: Random) -> np.ndarray:
    """Return a smooth field from 0 to 1: a slope in some direction, and wide patches."""
    coarse = random.normal(0, 1, (5, 5))
    rows, columns = np.mgrid[-1:1:5j, -1:1:5j]
    angle = random.uniform(0, 2 * np.pi)
    field = cv2.resize(
        coarse + 2 * (np.cos(angle) * rows + np.sin(angle) * columns), shape[::-1], interpolation=cv2.INTER_CUBIC
    )
    return (field - field.min()) / (field.max() - field.min())


def _speckled(image: np.ndarray, share: float, random: Random) -> np.ndarray:
    """Put dots of one to three pixels, black or white, on the image."""
    for size in (1, 2, 3):
        dots = (random.random(image.shape) < share / (3 * size)).astype(np.uint8)
        dots = cv2.dilate(dots, np.ones((size, size), np.uint8)).astype(bool)
        image = np.where(dots, random.integers(0, 2, image.shape), image)
    return image


def _smear(shape: tuple[int, int], random: Random) -> np.ndarray:
    """Return the mask of a soft streak from 0 to 1, as a finger leaves it."""
    mask = np.zeros(shape)
    start, end = random.uniform(0, max(shape), (2, 2))
    end = start + (end - start) * 0.6
    thickness = int(random.integers(4, 16))
    cv2.line(mask, start.astype(int).tolist(), end.astype(int).tolist(), 1.0, thickness, cv2.LINE_AA)
    return cv2.GaussianBlur(mask, (0, 0), 2.0)


def _bled(image: np.ndarray, share: float) -> np.ndarray:
    """Let ink run a pixel into the paper around it, by `share`."""
    return (1 - share) * image + share * cv2.erode(image, np.ones((3, 3), np.uint8))


def _motion(random: Random) -> np.ndarray:
    """Return the kernel of a straight motion of 3 to 9 pixels."""
    side = 9
    kernel = np.zeros((side, side))
    angle, half = random.uniform(0, np.pi), random.uniform(1.5, 4.5)
    for step in np.linspace(-half, half, 64):
        kernel[round(4 + step * np.sin(angle)) % side, round(4 + step * np.cos(angle)) % side] += 1
    return kernel / kernel.sum()


def _disc(radius: float) -> np.ndarray:
    """Return the kernel of a lens out of focus."""
    rows, columns = np.mgrid[-4:5, -4:5]
    kernel = (radius + 0.5 - np.hypot(rows, columns)).clip(0, 1)
    return kernel / kernel.sum()


def _folded(image: np.ndarray, random: Random) -> np.ndarray:
    """Darken one side of a straight fold, and lighten its crest."""
    height, width = image.shape
    rows, columns = np.mgrid[:height, :width]
    angle = random.uniform(0, np.pi)
    offset = np.cos(angle) * (rows - random.uniform(0, height)) + np.sin(angle) * (columns - random.uniform(0, width))
    shadow = np.exp(-np.maximum(offset, 0) / random.uniform(8, 30)) * (offset > 0)
    crest = np.exp(-((offset / 1.2) ** 2))
    return (image * (1 - random.uniform(0.1, 0.35) * shadow) + random.uniform(0.1, 0.4) * crest).clip(0, 1)


#: The sets that can be made: how each damages an image, and how strongly.
SETS: dict[str, tuple[Callable[[np.ndarray, Strengths, Random], np.ndarray], Strengths]] = {
    "default": (damage, DEFAULT),
    "hard": (damage, HARD),
    "unseen": (damage_unseen, DEFAULT),
}


def pair(kind: str, seed: int, number: int) -> tuple[str, np.ndarray, np.ndarray]:
    """Return one pair of a set: its name, the original and the modified image, uint8 of one shape."""
    random = np.random.default_rng((seed, number))
    name, make = ("blocks", blocks) if number % 2 == 0 else ("qr", qr)
    original = make(random)
    harm, strengths = SETS[kind]
    return f"{name}_{number:04d}", original, harm(original, strengths, random)


def make(folder: Path, kind: str, count: int, seed: int, suffix: str = ".png") -> float:
    """Write `count` pairs, and return the mean Hamming distance of the modified images."""
    for part in ("original", "modified"):
        (folder / part).mkdir(parents=True)
    distances = []
    for number in range(count):
        name, *images = pair(kind, seed, number)
        for part, image in zip(("original", "modified"), images, strict=True):
            (folder / part / (name + suffix)).write_bytes(cv2.imencode(suffix, image)[1].tobytes())
        distances.append(hamming(*images, BLOCK))
    return float(np.mean(distances))


def main() -> None:
    """Read the command line and make a set."""
    parser = argparse.ArgumentParser(description="Make pairs of clean and damaged binary codes.")
    parser.add_argument("folder", type=Path, help="a new folder")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bmp", action="store_true", help="BMP files instead of PNG")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--hard", action="store_true", help="stronger damage")
    kind.add_argument("--unseen", action="store_true", help="damage of other kinds")
    given = parser.parse_args()
    if given.folder.exists():
        parser.error(f"{given.folder} is there already; name a new folder")
    chosen = "hard" if given.hard else "unseen" if given.unseen else "default"
    distance = make(given.folder, chosen, given.count, given.seed, ".bmp" if given.bmp else ".png")
    print(f"{given.count} pairs are in {given.folder}; mean Hamming distance of the modified images: {distance:.4f}")


if __name__ == "__main__":
    main()
