"""`restore`: clean damaged images of any size with what restore_train learned."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ...errors import UsageError
from ...files import check_new, probe
from ...settings.fields import Section
from ...settings.types import RunName
from ...storage.lookup import find_restorer
from ...tensorflow_start import start_tensorflow
from ..command import Command


class Options(Section):
    """Which network, which images, and where they go."""

    run: RunName = Field(description="the folder of a run of restore_train, its name in logs/, or `latest`")
    images: Path = Field(description="the damaged images: a folder, or one file")
    out: Path = Field(description="a new or empty folder for the restored images, which keep their names and sizes")
    binarize: bool = Field(False, description="make every block of a binary code black or white")


def execute(options: Options) -> Path:
    """Restore, and return the folder of the restored images."""
    run, settings = find_restorer(options.run)
    check_new(options.out)
    if options.out.resolve().is_relative_to(options.images.resolve()):
        raise UsageError(f"--out={options.out}: lies in {options.images}, where it would be taken for damaged images")
    probe(options.out)
    from ...data.single import files_of

    files = files_of(options.images)
    start_tensorflow()
    from ...model.saved import load
    from ...workflows.restore import restore_files

    return restore_files(load(run.autoencoder), settings.codes, files, options.out, options.binarize)


COMMAND = Command(
    "Restore damaged images of any size; they keep their names.",
    sections=(Options,),
    execute=execute,
    words=("run",),
)
