"""Which images: one value that a run keeps, and that every later command passes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .folder import scan
from .listing import Listing, check_usable
from .rules import AS_STORED, Rules


@dataclass(frozen=True)
class ImageSource:
    """The images of a folder, an idx file or a single file, and how they are read.

    Attributes
    ----------
    root : Path
        Absolute.
    categories : tuple of str or None
        Only these class folders; None: all.
    max_images : int or None
        At most so many from each class folder; None: all.
    max_bad : float in [0, 1]
        The highest share of files that may be unusable.
    rules : Rules
        How values become pixels.
    """

    root: Path
    categories: tuple[str, ...] | None = None
    max_images: int | None = None
    max_bad: float = 0.5
    rules: Rules = AS_STORED

    def scan(self) -> Listing:
        """List the images, reading no more than headers.

        Raises
        ------
        DataError
            If there is none, or if too many files cannot be used.
        UsageError
            If one of `categories` does not exist.
        """
        listing = scan(self.root, categories=self.categories, max_images=self.max_images)
        check_usable(listing, self.max_bad)
        return listing
