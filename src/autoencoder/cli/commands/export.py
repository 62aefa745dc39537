"""`export`: the encoder of a run in a format that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from ...errors import UsageError
from ...settings.fields import Section
from ...settings.types import RunName
from ...storage.lookup import locate
from ...tensorflow_start import start_tensorflow
from ..command import Command


class Options(Section):
    """What is exported, and how."""

    run: RunName = Field(
        description="a run's folder, its name in logs/, `latest`, or the file of an encoder: .keras or .h5"
    )
    format: Literal["onnx", "saved_model", "tflite"] = Field(
        "onnx",
        description="onnx (which `flexae encode` reads too, without TensorFlow), saved_model (TensorFlow Serving) or "
        "tflite (phones and small boards)",
    )


def execute(options: Options) -> Path:
    """Export, and return the path of what was written."""
    run, encoder_file = locate(options.run)
    if encoder_file.suffix == ".onnx":
        raise UsageError(f"{encoder_file}: is exported already; name the .keras or .h5 file that it was made from")
    start_tensorflow()
    from ...model.export import export
    from ...model.saved import load

    path = run.exported(options.format)
    export(load(encoder_file), path, options.format)
    print(f"the encoder is in {path}: float32 images (n, height, width, channels) in [0, 1] to embeddings")
    if options.format == "onnx":
        print(f"  use it without TensorFlow: flexae encode {path} --images=...")
    return path


COMMAND = Command(
    "Export the encoder for other programs: ONNX, TensorFlow's SavedModel, TensorFlow Lite.",
    sections=(Options,),
    execute=execute,
    words=("run",),
)
