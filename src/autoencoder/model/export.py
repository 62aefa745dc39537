"""Encoders in the formats of other programs, which need neither this one nor Keras to use them."""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import keras

from ..digests import replacing_bound
from ..errors import UsageError
from ..files import disk_errors

#: What Keras calls each format.
FORMATS = {"onnx": "onnx", "saved_model": "tf_saved_model", "tflite": "litert"}


def export(model: keras.Model, path: Path, form: str) -> None:
    """Write `model`, inference only, whole or not at all; what was at `path` before is replaced.

    Parameters
    ----------
    model : keras.Model
        In float32. The exported model takes float32 images of shape (n, height, width, channels) in [0, 1], any n,
        and gives what `model` gives, within 1e-5 of its largest value.
    path : Path
        A file for `onnx` and `tflite`, a folder for `saved_model`; what lies there is replaced.
    form : {"onnx", "saved_model", "tflite"}

    Raises
    ------
    UsageError
        If ONNX is asked for where the library that writes it is not installed.
    DiskError
        If it cannot be written.
    """
    if form == "onnx":
        _check_onnx(path)
    images = keras.InputSpec(shape=(None, *model.input.shape[1:]), dtype="float32", name="image")
    with disk_errors(path), tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as place:
        made = Path(place) / path.name
        with _quiet():
            model.export(made, format=FORMATS[form], verbose=False, input_signature=[images])
        if made.is_dir():
            shutil.rmtree(path, ignore_errors=True)
            made.rename(path)
        else:
            with replacing_bound(path) as temporary:
                made.rename(temporary)


def _check_onnx(path: Path) -> None:
    try:
        import tf2onnx  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"{path}: writing ONNX needs tf2onnx; install it with: pip install 'flexible-autoencoder[fast]'"
        ) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        # tf2onnx is of the time before NumPy 2; Keras mends what matters.
        warnings.simplefilter("ignore")
        yield
