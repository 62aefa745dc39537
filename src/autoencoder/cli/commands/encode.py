"""`encode`: the embeddings of a folder of images, as a table that keeps the names of the files."""

from __future__ import annotations

import shlex
from pathlib import Path

from pydantic import Field

from ...settings import Reading
from ...settings.fields import Section
from ...settings.types import EncoderName
from ...storage.lookup import images_of, locate
from ...storage.provenance import Provenance, encoder_record, keep_table
from ...storage.run import CACHE
from ..command import Command


class Options(Section):
    """What is encoded, and where the table goes."""

    run: EncoderName
    images: Path | None = Field(
        None, description="a folder, an idx file or one image; auto: those that the run was trained on"
    )
    npy: bool = Field(False, description="also write the vectors alone, as .npy")
    overwrite: bool = Field(False, description="replace a table of the same name that was made from something else")


def execute(options: Options, reading: Reading) -> Path:
    """Encode, and return the path of the table."""
    run, encoder_file = locate(options.run)
    source, listing = images_of(run, options.images, reading).look()
    from ...data.quality import quality
    from ...model.encoder import open_encoder
    from ...workflows.embeddings import embed, write_npy, write_parquet
    from ...workflows.images import save_bad_files

    embeddings, images = embed(open_encoder(encoder_file), source, listing, CACHE)
    made = Provenance("encode", {}, source.to_record(images), encoder_record(encoder_file))

    def write(table: Path) -> None:
        write_parquet(embeddings, table, quality(images))
        if options.npy:
            write_npy(embeddings, table.with_suffix(".npy"))

    table = keep_table(run.embeddings(source.root), made, write, overwrite=options.overwrite)
    count, width = embeddings.vectors.shape
    print(f"{count:,} embeddings of {width} numbers are in {table}")
    save_bad_files(embeddings.bad, table.with_suffix(".bad_files.csv"))
    if count > 1:  # one image is no clustering
        print(f"next: flexae cluster {shlex.quote(options.run)} --images={shlex.quote(str(source.root))}")
    return table


COMMAND = Command(
    "Encode a folder of images: one row of numbers an image, with its path.",
    sections=(Options, Reading),
    execute=execute,
    words=("run",),
)
