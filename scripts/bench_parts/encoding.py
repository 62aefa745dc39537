"""Encoding with Keras' predict, with the `.keras` encoder and with its exports; whether all give the same vectors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .measure import Figures, Part, Setup, flexae, in_turns, median_seconds, new_folder, sampled
from .page import at_least, at_most, table

PREDICT, KERAS, ONNX = "predict(batch_size=1024)", "encoder.keras", "encoder.onnx"
FORMATS = ("onnx", "saved_model", "tflite")


def measure(setup: Setup) -> Figures:
    """Return images per second, seconds of whole commands, and how far the exports' vectors are from Keras'."""
    from autoencoder.tensorflow_start import start_tensorflow

    start_tensorflow()
    place = new_folder(setup.place)
    images = sampled(setup.mnist / "train", place / "images", 20 if setup.quick else 2000)
    run = place / "run"
    flexae(setup.place, "run", f"--train_dir={images}", "--train_epochs=1", f"--save_dir={run}")
    for form in FORMATS:
        flexae(setup.place, "export", run, f"--format={form}")
    pixels = _pixels(images, None if setup.quick else 16_384)
    floats = pixels.astype(np.float32) / 255
    ways = _ways(run, pixels, floats)
    rates = {way: len(pixels) / taken for way, taken in median_seconds(ways, 2 * setup.rounds + 1).items()}
    everything = images if setup.quick else setup.mnist / "train"
    commands = {
        file: lambda file=file: flexae(setup.place, "encode", run / file, f"--images={everything}").wall
        for file in (KERAS, ONNX)
    }
    walls = {file: float(np.median(taken)) for file, taken in in_turns(commands, setup.rounds).items()}
    expected = ways[PREDICT]()
    others = {form: read(run, floats) for form, read in READERS.items()} | {KERAS: ways[KERAS]()}
    apart = {name: float(np.abs(given - expected).max() / np.abs(expected).max()) for name, given in others.items()}
    return {"images": len(pixels), "rates": rates, "commands": walls, "apart": apart}


def _pixels(folder: Path, count: int | None) -> np.ndarray:
    from autoencoder.data.load import load
    from autoencoder.data.scan import scan

    return load(scan(folder), (28, 28), "grayscale").pixels[:count]


def _ways(run: Path, pixels: np.ndarray, floats: np.ndarray) -> dict[str, Callable[[], Any]]:
    from autoencoder.model.encoder import open_encoder
    from autoencoder.model.saved import load
    from autoencoder.workflows.embeddings import encode

    model = load(run / KERAS)
    encoders = {file: open_encoder(run / file) for file in (KERAS, ONNX)}
    own = {file: lambda opened=opened: encode(opened, pixels) for file, opened in encoders.items()}
    return {PREDICT: lambda: model.predict(floats, batch_size=1024, verbose=0), **own}


def _by_onnx(run: Path, floats: np.ndarray) -> np.ndarray:
    from autoencoder.model.encoder import open_encoder

    return open_encoder(run / ONNX).apply(floats)


def _by_saved_model(run: Path, floats: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    serve = tf.saved_model.load(run / "encoder_saved_model").signatures["serving_default"]
    (name,) = serve.structured_input_signature[1]
    (vectors,) = serve(**{name: tf.constant(floats)}).values()
    return vectors.numpy()


def _by_tflite(run: Path, floats: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(str(run / "encoder.tflite"))
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.resize_tensor_input(taken["index"], floats.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(taken["index"], floats)
    interpreter.invoke()
    return interpreter.get_tensor(given["index"])


#: How other programs would read each format of `export`.
READERS = {"onnx": _by_onnx, "saved_model": _by_saved_model, "tflite": _by_tflite}


def page(figures: Figures) -> list[str]:
    """Return the tables, and the bars."""
    rates, walls = figures["rates"], figures["commands"]
    rows = [[way, rate, walls.get(way, "")] for way, rate in rates.items()]
    head = ["way", "images/s", "seconds of `flexae encode` over 60,000 files"]
    lines = [f"{figures['images']:,} images of MNIST.\n", *table(head, rows)]
    lines += table(
        ["encoder", "largest difference from predict, of the largest number"],
        [[name, f"{apart:.1e}"] for name, apart in figures["apart"].items()],
    )
    lines.append(at_least("encoder.onnx, by the extra [fast], against predict", rates[ONNX] / rates[PREDICT], 1.5))
    lines.append(at_least("encoder.keras against predict", rates[KERAS] / rates[PREDICT], 1.0))
    for name in FORMATS:
        lines.append(at_most(f"vectors of {name}", figures["apart"][name] * 1e5, 1.0, "hundred-thousandths apart"))
    return [*lines, ""]


PART = Part("Encoding", 3, measure, page)
