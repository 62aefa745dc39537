"""The facts that every image format's header is reduced to, and the limits that they must keep."""

from typing import NamedTuple

#: The most that is decoded where many images are read, and where one is read for itself.
MAX_PIXELS, MAX_PIXELS_ALONE = 64 * 2**20, 512 * 2**20
MAX_SIDE = 32_768


class BadImage(Exception):
    """A file that is refused; the message is the reason, a fragment of a sentence."""


class Incomplete(BadImage):
    """The bytes end too early; where they are only the beginning of a file, more of it may help."""


class Header(NamedTuple):
    """What is known of an image before it is decoded.

    `height` and `width` are as stored, in pixels; `orientation` is EXIF's 1 to 8; `levels` is the largest
    value that a sample has once OpenCV has decoded it; `body` is where in the file the reading of the header stopped;
    `alpha` says whether there may be transparency, `multiplied` whether colours are stored multiplied by it, and
    `clear` which single colour is transparent; `depth` is NumPy's name of the type that samples are stored in, and
    `levels_stored` the largest that they can be (1 of floats, which is what their alpha goes up to).
    """

    kind: str
    height: int
    width: int
    gray: bool
    orientation: int = 1
    levels: int = 255
    body: int = 0
    alpha: bool = False
    levels_stored: int = 255
    depth: str = "u1"
    multiplied: bool = False
    clear: tuple[int, ...] = ()

    @property
    def deep(self) -> bool:
        """Whether the samples have no natural black and white: floats, signed numbers, and more than 16 bits."""
        return self.depth not in ("u1", "u2")

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width as shown, after EXIF orientation."""
        return (self.height, self.width) if self.orientation < 5 else (self.width, self.height)


def check_size(height: int, width: int, most_pixels: int = MAX_PIXELS) -> None:
    """Refuse an image that is empty, or too large to be decoded without harm."""
    if height < 1 or width < 1:
        raise BadImage(f"an empty image of {width}x{height} pixels")
    if height > MAX_SIDE or width > MAX_SIDE or height * width > most_pixels:
        most = f"{most_pixels // 2**20} Mi pixels and {MAX_SIDE:,} a side"
        raise BadImage(f"{width}x{height} pixels: at most {most} are decoded")
