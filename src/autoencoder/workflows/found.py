"""What the commands that look for images share: the images they look among, and the folder of what they found."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..data.labels import read_labels, with_labels
from ..data.listing import BadFile, Images, printable
from ..data.source import ImageSource
from ..errors import UsageError
from ..model.encoder import Encoder
from ..plots.tiles import tiles
from ..settings import Reading
from ..settings.pretrained import Pretrained
from ..storage.csv_files import write_bad_files, write_frame
from ..storage.lookup import images_of
from ..storage.provenance import Provenance, encoder_record, keep_folder
from ..storage.run import CACHE, Run
from .embeddings import Embeddings, embed
from .images import log_left_out
from .pretrained import embed_located, find_encoder

if TYPE_CHECKING:
    from pandas import DataFrame

log = logging.getLogger("autoencoder")

#: So many rows of what was found are told on the screen.
TOLD = 12


@dataclass(frozen=True, eq=False)
class Opened:
    """A run with its encoder, and the images that are looked among."""

    run: Run
    encoder: Encoder
    source: ImageSource
    embeddings: Embeddings
    images: Images
    reading: Reading = field(default_factory=Reading)

    def other(self, images: Path) -> Opened:
        """Return the same with other images, which are read alike."""
        source, listing = images_of(self.run, images, self.reading).look()
        embeddings, decoded = embed(self.encoder, source, listing, CACHE)
        return Opened(self.run, self.encoder, source, embeddings, decoded, self.reading)


class Found(NamedTuple):
    """What a command found: a table with a row an image, and the images of its picture with what is said of each.

    `bad` are the files that could not be used, where they are not those of the images that were looked among.
    """

    table: DataFrame
    pixels: np.ndarray
    captions: Sequence[tuple[str, str]]
    title: str
    remark: str = ""
    bad: Sequence[BadFile] | None = None


def open_images(
    run: str | os.PathLike[str],
    images: str | os.PathLike[str] | None = None,
    reading: Reading | None = None,
    labels: str | os.PathLike[str] | None = None,
    *,
    pretrained: Pretrained | None = None,
    command: str = "encode",
) -> Opened:
    """Find a run's encoder and the images to look among, and encode these.

    Parameters
    ----------
    run : str or path
        As `pretrained.find_encoder` takes it.
    images : str or path, optional
        Those that the run was trained on otherwise.
    reading : Reading, optional
        How they are read; as in the training otherwise.
    labels : str or path, optional
        A table of labels; only the images that it speaks of are taken.
    pretrained : Pretrained, optional
        What is told of a network from elsewhere, which `run` may be; it is kept in a new run.
    command : str
        What asks, for that new run to say.

    Raises
    ------
    UsageError
        If there is no such run, or it does not say what it was trained on.
    DataError
        If the images or the labels cannot be used.
    ModelFileError
        If the encoder cannot be used.
    """
    reading = reading or Reading()
    located = find_encoder(os.fspath(run), pretrained or Pretrained())
    table = None if labels is None else Path(labels)
    given = None if table is None else read_labels(table)
    source, listing = images_of(located.run, None if images is None else Path(images), reading).look()
    if given is not None and table is not None:
        listing = with_labels(listing, given, table)
    found, encoder, embeddings, decoded = embed_located(located, source, listing, command)
    return Opened(found, encoder, source, embeddings, decoded, reading)


def check_neighbours(count: int, images: int) -> None:
    """Refuse more neighbours than each image has others.

    Raises
    ------
    UsageError
        Says how many there are.
    """
    if count >= images:
        raise UsageError(
            f"--neighbours={count}: there {'is' if images == 1 else 'are'} {images:,} image{'s' * (images != 1)}, so "
            f"each has {images - 1:,} others; name a smaller number, or more images"
        )


def keep(
    opened: Opened, found: Found, name: str, settings: Mapping[str, Any], about: Path, *, overwrite: bool = False
) -> Path:
    """Write what a command found into a folder of the run: its table, its picture, the files left out; return it.

    Parameters
    ----------
    opened : Opened
    found : Found
    name : str
        The command.
    settings : mapping
        The flags that decide about the result.
    about : Path
        What the folder is named after: the images.
    overwrite : bool
        Whether another result of that name may be replaced.
    """
    bad = opened.images.bad if found.bad is None else found.bad
    record = opened.source.to_record(opened.images)
    made = Provenance(name, dict(settings), record, encoder_record(opened.encoder.path))

    def fill(folder: Path) -> None:
        write_frame(folder / f"{name}.csv", found.table)
        if len(found.pixels):
            words, picture = (found.title, found.remark), folder / f"{name}.png"
            tiles(found.pixels, range(len(found.pixels)), found.captions, words, picture, len(found.pixels))
        write_bad_files(bad, folder / "bad_files.csv")

    folder = keep_folder(opened.run.found(name, about), made, fill, overwrite=overwrite)
    table = printable(f"{folder / name}.csv")  # the folder may be called after an image
    log.info(f"the table is {table}" + (f", the picture {name}.png beside it" * bool(len(found.pixels))))
    log_left_out(bad, folder / "bad_files.csv")
    return folder


def tell(lines: Sequence[str], in_all: int) -> None:
    """Say the first of what was found, a line each, and how many more there are."""
    for line in lines[:TOLD]:
        log.info(f"  {printable(line)}")
    if in_all > len(lines[:TOLD]):
        log.info(f"  ... and {in_all - len(lines[:TOLD]):,} more, all in the table")
