"""`evaluate`: how good the reconstructions of a run are, on images that it did not learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from ...settings import Reading
from ...settings.fields import Section
from ...settings.types import RunName
from ...storage.lookup import find_autoencoder
from ...storage.provenance import keep_table
from ...tensorflow_start import start_tensorflow
from ..command import Command


class Options(Section):
    """Which autoencoder, which images, and what they are judged by."""

    run: RunName = Field(description="the folder of a run, its name in logs/, or `latest`")
    images: Path = Field(
        description="images that the run did not learn from: a folder, an idx file or one image; class folders are "
        "labels"
    )
    classifier_images: Path | None = Field(
        None,
        description="images in class folders that the evaluation classifier learns from; auto: those that the run was "
        "trained on",
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        1, description="of the evaluation classifier; runs are compared by the same one"
    )
    overwrite: bool = Field(False, description="replace scores of the same name that were made from something else")


def execute(options: Options, reading: Reading) -> Path:
    """Evaluate, and return the path of the scores."""
    run = find_autoencoder(options.run)
    from ...workflows.evaluation_images import find_evaluation_images

    found = find_evaluation_images(run, options.images, options.classifier_images, reading)
    start_tensorflow()
    from ...workflows.evaluate import evaluate, summary, write_scores
    from ...workflows.images import save_bad_files

    evaluation = evaluate(run, found, options.seed)
    table = keep_table(
        run.evaluation(found.judged.source.root),
        evaluation.made,
        lambda path: write_scores(evaluation.scores, path),
        overwrite=options.overwrite,
    )
    print(f"{summary(evaluation.scores)}\nthe scores are in {table}")
    save_bad_files(evaluation.images.bad, table.with_suffix(".bad_files.csv"))
    return table


COMMAND = Command(
    "Say how good the reconstructions of images are that the run did not learn from.",
    sections=(Options, Reading),
    execute=execute,
    words=("run",),
)
