"""Make images of the letters A to J in many fonts: `python scripts/make_letters.py FOLDER FONTS`.

FONTS holds TrueType, OpenType or Type 1 files, at any depth, as Debian's packages fonts-* install them. FOLDER then has
one subfolder a letter and in it one image a font file: white on black, 32x32, the letter centred and scaled to touch a
margin. A font must hold all ten letters, and draw them unlike each other; of fonts that draw all of them nearly alike,
the first by name stays.
"""

from pathlib import Path

import cv2
import numpy as np
from new_folder import arguments
from PIL import Image, ImageDraw, ImageFont

LETTERS = "ABCDEFGHIJ"
SIDE, MARGIN = 32, 3  # of an image, in pixels
DRAWN = 128  # the size at which letters are drawn before they are scaled, in pixels
SUFFIXES = {".ttf", ".otf", ".pfb", ".t1"}
MISSING = "\U0010fffd"  # a character that no font holds: its drawing is that of a missing one
#: Mean differences of levels, in shares of white: letters of one font below the first are the same drawing, fonts of
#: which all letters are below the second are the same font.
SAME_LETTER, SAME_FONT = 0.03, 0.02
INK = (0.05, 0.9)  # from how much to how much of its box a letter may fill


def draw(font: ImageFont.FreeTypeFont, letter: str) -> np.ndarray:
    """Return a letter's drawing, cut to its ink, uint8; empty where there is none."""
    image = Image.new("L", (4 * DRAWN, 4 * DRAWN))
    ImageDraw.Draw(image).text((2 * DRAWN, 2 * DRAWN), letter, 255, font, anchor="mm")
    box = image.getbbox()
    return np.asarray(image.crop(box)) if box else np.zeros((0, 0), np.uint8)


def fit(drawing: np.ndarray) -> np.ndarray:
    """Return a drawing scaled to fit between the margins, and centred, uint8 (32, 32)."""
    scale = (SIDE - 2 * MARGIN) / max(drawing.shape)
    height, width = (max(1, round(length * scale)) for length in drawing.shape)
    small = cv2.resize(drawing, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    image = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    image[top : top + height, left : left + width] = small
    return image


def letters(file: Path) -> np.ndarray | None:
    """Return a font's ten letters, uint8 (10, 32, 32); None where it is no font with ten letters unlike each other."""
    try:
        font = ImageFont.truetype(str(file), DRAWN)
        missing = draw(font, MISSING)
        drawings = [draw(font, letter) for letter in LETTERS]
    except (OSError, ValueError):  # no outlines, or a damaged file
        return None
    inked = all(each.size and INK[0] < np.mean(each) / 255 < INK[1] for each in drawings[:8])
    if not inked or any(not each.size or np.array_equal(each, missing) for each in drawings):
        return None
    images = np.stack([fit(each) for each in drawings])
    return images if distances(images).min() > SAME_LETTER else None


def distances(images: np.ndarray) -> np.ndarray:
    """Return the mean difference of each two of the images, in shares of white."""
    flat = images.reshape(len(images), -1) / 255
    first, second = np.triu_indices(len(flat), 1)
    return np.abs(flat[first] - flat[second]).mean(axis=1)


def unlike(fonts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the fonts less those of which all letters are drawn nearly as in an earlier one."""
    kept: dict[str, np.ndarray] = {}
    for name in sorted(fonts):
        earlier = np.array([*kept.values()], np.int16).reshape(-1, *fonts[name].shape)
        difference = np.abs(earlier - fonts[name]).mean(axis=(2, 3)).max(axis=1, initial=0) / 255
        if (difference >= SAME_FONT).all():
            kept[name] = fonts[name]
    return kept


def main() -> None:
    """Read the command line and write the letters."""
    given = arguments(
        "Make images of the letters A to J in many fonts.",
        ("fonts", "a folder of font files, such as /usr/share/fonts"),
    )
    files = {file.name: file for file in sorted(given.fonts.rglob("*")) if file.suffix.lower() in SUFFIXES}
    drawn = {name: letters(file) for name, file in files.items()}
    fonts = unlike({name: images for name, images in drawn.items() if images is not None})
    for number, letter in enumerate(LETTERS):
        (given.folder / letter).mkdir(parents=True)
        for name, images in fonts.items():
            (given.folder / letter / f"{name}.png").write_bytes(cv2.imencode(".png", images[number])[1].tobytes())
    print(f"{len(files)} font files, {len(fonts)} of use: {len(fonts) * len(LETTERS)} images in {given.folder}")


if __name__ == "__main__":
    main()
