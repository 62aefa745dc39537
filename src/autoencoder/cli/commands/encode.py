"""`encode`: the embeddings of a folder of images, as a table that keeps the names of the files."""

from __future__ import annotations

import shlex
from pathlib import Path

from pydantic import Field

from ...settings import Reading
from ...settings.fields import Section
from ...settings.pretrained import Pretrained
from ...settings.types import EncoderName
from ...storage.lookup import images_of
from ...storage.provenance import Provenance, encoder_record, keep_table
from ..command import Command


class Options(Section):
    """What is encoded, and where the table goes."""

    run: EncoderName
    images: Path | None = Field(
        None, description="a folder, an idx file or one image; auto: those that the run was trained on"
    )
    npy: bool = Field(False, description="also write the vectors alone, as .npy")
    overwrite: bool = Field(False, description="replace a table of the same name that was made from something else")


def execute(options: Options, reading: Reading, pretrained: Pretrained) -> Path:
    """Encode, and return the path of the table."""
    from ...workflows.pretrained import embed_located, find_encoder

    located = find_encoder(options.run, pretrained)
    source, listing = images_of(located.run, options.images, reading).look()
    from ...data.quality import quality
    from ...workflows.embeddings import write_npy, write_parquet
    from ...workflows.images import save_bad_files

    run, encoder, embeddings, images = embed_located(located, source, listing, "encode")
    made = Provenance("encode", {}, source.to_record(images), encoder_record(encoder.path))

    def write(table: Path) -> None:
        write_parquet(embeddings, table, quality(images))
        if options.npy:
            write_npy(embeddings, table.with_suffix(".npy"))

    table = keep_table(run.embeddings(source.root), made, write, overwrite=options.overwrite)
    count, width = embeddings.vectors.shape
    print(f"{count:,} embeddings of {width} numbers are in {table}")
    save_bad_files(embeddings.bad, table.with_suffix(".bad_files.csv"))
    if count > 1:  # one image is no clustering
        name = options.run if located.network is None else str(run.path)
        print(f"next: flexae cluster {shlex.quote(name)} --images={shlex.quote(str(source.root))}")
    return table


COMMAND = Command(
    "Encode a folder of images: one row of numbers an image, with its path.",
    sections=(Options, Reading, Pretrained),
    execute=execute,
    words=("run",),
)
