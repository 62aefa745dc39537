"""`encode`: the embeddings of a folder of images, as a table that keeps the names of the files."""

from __future__ import annotations

import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from ...errors import Interrupted, UsageError
from ...settings import Reading
from ...settings.fields import Section
from ...settings.parts import Parts
from ...settings.pretrained import Pretrained
from ...settings.spread import ByEngine
from ...settings.types import EncoderName
from ...storage.lookup import images_of
from ...storage.provenance import Provenance, encoder_record, keep_table
from ..command import Command

if TYPE_CHECKING:
    from ...storage.dataset import Part
    from ...workflows.pretrained import Located


class Options(Section):
    """What is encoded, and where the table goes."""

    run: EncoderName
    images: Path | None = Field(
        None, description="a folder, an idx file or one image; auto: those that the run was trained on"
    )
    npy: bool = Field(False, description="also write the vectors alone, as .npy")
    overwrite: bool = Field(False, description="replace a table of the same name that was made from something else")


def execute(options: Options, parts: Parts, by: ByEngine, reading: Reading, pretrained: Pretrained) -> Path:
    """Encode, and return the path of the table, or the folder of its parts."""
    if by.engine is not None:
        _check_engine(by.engine, parts)
    if parts.wanted:
        return _in_parts(options, parts, by, reading, pretrained)
    from ...workflows.pretrained import embed_located, find_encoder

    located = find_encoder(options.run, pretrained)
    source, listing = images_of(located.run, options.images, reading).look()
    located.probe()
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


def _check_engine(engine: str, parts: Parts) -> None:
    from ...workflows.ray_cluster import check_engine

    if not parts.wanted or parts.merge:
        raise UsageError(f"--engine={engine} makes parts; give --rows_per_part=10000 or --resume, or leave it out")
    check_engine(engine)


def _in_parts(options: Options, parts: Parts, by: ByEngine, reading: Reading, pretrained: Pretrained) -> Path:
    """Encode in parts, or check those that are there, and return their folder."""
    from ...workflows.plan_parts import finish_parts, missing_parts, plan_parts
    from ...workflows.pretrained import find_encoder

    for flag in ("npy", "overwrite"):
        if options.changed(flag):
            raise UsageError(f"--{flag} is of one table, and parts are a folder of several; leave it out")
    located = find_encoder(options.run, pretrained)
    if parts.out is None and located.network is not None:
        raise UsageError(f"{options.run}: is of no run, so name the data set's folder with --out")
    if parts.merge and parts.out is not None:
        folder = parts.out
    else:
        source = images_of(located.run, options.images, reading)
        folder = parts.out or located.run.dataset(source.root)
    if not parts.merge:
        planned = plan_parts(folder, source, located, parts)
        own = [part for part in planned if parts.mine(part.number)]
        missing = missing_parts(own)
        if len(missing) < len(own):
            print(f"{len(own) - len(missing):,} of {len(own):,} parts are there already")
        if missing:
            _encode(located, missing, len(own), by.engine)
        if parts.shard is not None:
            print(f"the {len(own):,} parts of shard {parts.shard} are in {folder}; once all are: the same with --merge")
            return folder
    made = finish_parts(folder, print)
    print(f"{(made.source or {})['count']:,} embeddings are in the parts in {folder}")
    print(f"next: flexae cluster --embeddings={shlex.quote(str(folder))}")
    return folder


def _encode(located: Located, missing: list[Part], all_parts: int, engine: str | None) -> None:
    from ...workflows.encode_parts import encode_parts
    from ...workflows.plan_parts import missing_parts
    from ...workflows.pretrained import open_located

    try:
        if engine is None:
            encode_parts(open_located(located).encoder, missing)
        else:
            from ...workflows.encode_by_ray import encode_by_ray

            encode_by_ray(engine, located, missing)
    except (KeyboardInterrupt, SystemExit) as error:
        left = len(missing_parts(missing))
        number = error.code - 128 if isinstance(error, SystemExit) and isinstance(error.code, int) else signal.SIGINT
        raise Interrupted(
            f"interrupted; {all_parts - left:,} of {all_parts:,} parts are there; to go on: the same command with "
            "--resume",
            number,
        ) from error


COMMAND = Command(
    "Encode a folder of images: one row of numbers an image, with its path.",
    sections=(Options, Parts, ByEngine, Reading, Pretrained),
    execute=execute,
    words=("run",),
)
