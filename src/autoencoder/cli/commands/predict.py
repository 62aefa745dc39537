"""`predict`: the class of every image of a folder, by a saved classifier."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ...errors import ModelFileError
from ...settings import Reading
from ...settings.fields import Section
from ...settings.types import RunName
from ...storage.classifier import find_classifier
from ...storage.csv_files import write_csv
from ...storage.lookup import images_of
from ...storage.provenance import Provenance, encoder_record, keep_table
from ...storage.run import CACHE
from ...tensorflow_start import start_tensorflow
from ..command import Command


class Options(Section):
    """Which classifier, and which images."""

    run: RunName = Field(description="the folder of a classifier's run, its name in logs/, or `latest`")
    images: Path = Field(description="the images: a folder, an idx file or one image")
    out: Path | None = Field(None, description="the table; auto: predictions_<images>.csv in the run's folder")
    overwrite: bool = Field(False, description="replace a table of the same name that was made from something else")


def execute(options: Options, reading: Reading) -> Path:
    """Predict, and return the path of the table: path, class, probability."""
    run = find_classifier(options.run)
    classes = run.classes()
    source, listing = images_of(run, options.images, reading).look()
    start_tensorflow()
    from ...model.encoder import open_encoder
    from ...workflows.embeddings import embed
    from ...workflows.images import save_bad_files

    model = open_encoder(run.classifier)
    if model.width != len(classes):
        raise ModelFileError(
            f"{run.classifier}: knows {model.width} classes, but {run.classes_file} names {len(classes)}; classify "
            "again, or restore copies of both"
        )
    probabilities, images = embed(model, source, listing, CACHE)
    likeliest = probabilities.vectors.argmax(axis=1).tolist()
    sure = probabilities.vectors.max(axis=1).tolist()
    found = [
        (path, classes[one], f"{how:.6g}") for path, one, how in zip(probabilities.paths, likeliest, sure, strict=True)
    ]
    table = keep_table(
        options.out or run.predictions(source.root),
        Provenance("predict", {}, source.to_record(images), encoder_record(run.classifier)),
        lambda path: write_csv(path, [("path", "class", "probability"), *found]),
        overwrite=options.overwrite or options.out is not None,
    )
    print(f"{len(found):,} images have a class: {table}")
    if probabilities.labels is not None and set(probabilities.labels) <= set(classes):
        right = sum(one == label for (_, one, _), label in zip(found, probabilities.labels, strict=True))
        print(f"accuracy against the class folders: {right / len(found):.2%} ({right:,} of {len(found):,})")
    save_bad_files(probabilities.bad, table.with_suffix(".bad_files.csv"))
    return table


COMMAND = Command(
    "Say the class of every image of a folder, with its probability.",
    sections=(Options, Reading),
    execute=execute,
    words=("run",),
)
