"""`predict`: the class of every image of a folder, by a saved classifier."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from .. import run_folder
from ..classifier_folder import find_classifier
from ..command import Command
from ..errors import ModelFileError
from ..flags import Section
from ..knob_types import RunName
from ..tensorflow_start import start_tensorflow


class Options(Section):
    """Which classifier, and which images."""

    run: RunName = Field(description="the folder of a classifier's run, or `latest`")
    images: Path = Field(description="the images: a folder or an idx file")
    out: Path | None = Field(None, description="the table; auto: predictions_<images>.csv in the run's folder")


def carry_out(options: Options) -> Path:
    """Predict, and return the path of the table: path, class, probability."""
    run = find_classifier(options.run)
    classes = run.classes()
    start_tensorflow()
    from ..embeddings import embed
    from ..model.encoder import open_encoder

    model = open_encoder(run.classifier)
    if model.width != len(classes):
        raise ModelFileError(
            f"{run.classifier}: knows {model.width} classes, but {run.classes_file} names {len(classes)}"
        )
    probabilities, _ = embed(model, options.images, run_folder.CACHE)
    likeliest = probabilities.vectors.argmax(axis=1).tolist()
    sure = probabilities.vectors.max(axis=1).tolist()
    table = options.out or run.predictions(options.images)
    found = [
        (path, classes[one], f"{how:.6g}") for path, one, how in zip(probabilities.paths, likeliest, sure, strict=True)
    ]
    run_folder.write_csv(table, [("path", "class", "probability"), *found])
    print(f"{len(found):,} images have a class: {table}; {len(probabilities.bad)} files could not be used")
    return table


COMMAND = Command(
    "Say the class of every image of a folder, with its probability.",
    sections=(Options,),
    carry_out=carry_out,
    words=("run",),
)
