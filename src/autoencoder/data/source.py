"""Which images: one value that a run keeps, and that every later command passes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..settings import Reading
from ..settings.fields import parse
from .listing import ARRAY, Images, Listing, check_usable, fingerprint
from .quality import asked_quality
from .rules import AS_STORED, Rules
from .scan import scan


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
    quality : str or None
        A condition on the measures of `data.quality`; images that do not fulfil it are left out. None: none is.
    array : Listing or None
        The images themselves, where they came as an array and `root` is `listing.ARRAY`.
    """

    root: Path
    categories: tuple[str, ...] | None = None
    max_images: int | None = None
    max_bad: float = 0.5
    rules: Rules = AS_STORED
    quality: str | None = None
    array: Listing | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of_array(cls, images: Any, labels: Any = None) -> ImageSource:
        """Return the images of an array, as `in_memory.list_array` takes it.

        Raises
        ------
        DataError
            If they cannot be used.
        """
        from .in_memory import list_array

        return cls(ARRAY, array=list_array(images, labels))

    @classmethod
    def of(cls, root: Path, section: Any) -> ImageSource:
        """Return the images in `root` as a checked section of settings, `Data` or `Reading`, says how they are read."""
        rules = changed_rules(AS_STORED, section)
        return cls(root.absolute(), section.categories, section.max_images, section.max_bad, rules, section.quality)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ImageSource:
        """Return what `to_record` or `to_flags` wrote.

        Raises
        ------
        UsageError
            If it is damaged.
        """
        (reading,) = parse({name: record[name] for name in Reading.model_fields if name in record}, [Reading])
        root, max_bad = Path(str(record.get("images", ""))), cls.max_bad if reading.max_bad is None else reading.max_bad
        rules = changed_rules(AS_STORED, reading)
        return cls(root, reading.categories, reading.max_images, max_bad, rules, reading.quality)

    def to_flags(self) -> dict[str, Any]:
        """Return plain values by the names of their flags; `images` is the root."""
        return {
            "images": str(self.root),
            "categories": list(self.categories or ()),
            "max_images": self.max_images,
            "max_bad": self.max_bad,
            **to_flags(self.rules),
            "quality": self.quality,
        }

    def scan(self) -> Listing:
        """List the images, reading no more than headers.

        Raises
        ------
        DataError
            If there is none, or if too many files cannot be used.
        UsageError
            If one of `categories` does not exist, or `quality` is no condition.
        """
        if self.quality is not None:
            asked_quality(self.quality)
        if self.array is not None:
            return self.array
        listing = scan(self.root, categories=self.categories, max_images=self.max_images, rules=self.rules)
        check_usable(listing, self.max_bad)
        return replace(listing, quality=self.quality)

    def look(self) -> tuple[ImageSource, Listing]:
        """List the images, and return the source with what is `auto` in its rules replaced by what they say.

        Raises
        ------
        DataError, UsageError
            As `scan`.
        """
        listing = self.scan()
        if self.rules.range != "auto":
            return self, listing
        from .notes import find_range  # which decodes: the command line starts without OpenCV

        rules = self.rules._replace(range=find_range(listing))
        return replace(self, rules=rules), replace(listing, rules=rules)

    def to_record(self, *parts: Images) -> dict[str, Any]:
        """Return what a provenance keeps: the flags, and the number and fingerprint of the images that were decoded."""
        return {**self.to_flags(), "count": sum(len(part.paths) for part in parts), "fingerprint": fingerprint(*parts)}


def changed_rules(rules: Rules, section: Any) -> Rules:
    """Return the rules with what a checked section of settings says otherwise; None says nothing."""
    if section.background is not None:
        red, green, blue = bytes.fromhex(section.background.removeprefix("#"))
        rules = rules._replace(background=(red, green, blue))
    if section.range is not None:
        rules = rules._replace(range=None if section.range == "full" else section.range)
    return rules if section.fit is None else rules._replace(fit=section.fit)


def to_flags(rules: Rules) -> dict[str, Any]:
    """Return rules as plain values by the names of their flags."""
    background, values, fit = rules
    return {
        "background": None if background is None else "#{:02x}{:02x}{:02x}".format(*background),
        "range": "full" if values is None else values,
        "fit": fit,
    }
