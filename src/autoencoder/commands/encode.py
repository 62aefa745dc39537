"""`encode`: the embeddings of a folder of images, as a table that keeps the names of the files."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from .. import run_folder
from ..command import Command
from ..flags import Section
from ..knob_types import RunName


class Options(Section):
    """What is encoded, and where the table goes."""

    run: RunName = Field(description="a run's folder, `latest`, or the file of an encoder: .keras, .h5 or .onnx")
    images: Path | None = Field(
        None, description="the images: a folder or an idx file; auto: those that the run was trained on"
    )
    npy: bool = Field(False, description="also write the vectors alone, as .npy")


def carry_out(options: Options) -> Path:
    """Encode, and return the path of the table."""
    run, encoder_file = run_folder.locate(options.run)
    source = options.images or run_folder.trained_on(run)
    from ..embeddings import embed, write_npy, write_parquet
    from ..model.encoder import open_encoder

    embeddings, _ = embed(open_encoder(encoder_file), source, run_folder.CACHE)
    table = run.embeddings(source, ".parquet")
    table.parent.mkdir(exist_ok=True)
    write_parquet(embeddings, table)
    if options.npy:
        write_npy(embeddings, table.with_suffix(".npy"))
    count, width = embeddings.vectors.shape
    print(f"{count:,} embeddings of {width} numbers are in {table}; {len(embeddings.bad)} files could not be used")
    return table


COMMAND = Command(
    "Encode a folder of images: one row of numbers an image, with its path.",
    sections=(Options,),
    carry_out=carry_out,
    words=("run",),
)
