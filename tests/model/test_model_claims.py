"""What files claim is held against what they are: small bombs, in a process with little memory."""

import os
import subprocess
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest
from soak_parts.hostile_models import constant_of_shape, onnx_file

from autoencoder.errors import ModelFileError
from autoencoder.model.claims import check_claims, most_bytes
from autoencoder.model.encoder import open_encoder
from autoencoder.model.layer_names import layer_names
from autoencoder.model.onnx_graph import as_encoder
from autoencoder.model.origin import made_here
from autoencoder.model.saved import load

UNITS = 600_000


def dense(path, units=6):
    image = keras.Input((28, 28, 1))
    keras.Model(image, keras.layers.Dense(units)(keras.layers.Flatten()(image))).save(path)
    return path


def rewritten(path, change, packed=zipfile.ZIP_STORED):
    """Write a .keras file again with every member changed."""
    with zipfile.ZipFile(path) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(path, "w", packed) as archive:
        for name, content in members.items():
            archive.writestr(name, change(name, content))
    return path


def wide_keras(path):
    return rewritten(dense(path), lambda _, content: content.replace(b'"units": 6', f'"units": {UNITS}'.encode()))


def wide_h5(path):
    with h5py.File(dense(path), "r+") as file:
        file.attrs["model_config"] = file.attrs["model_config"].replace('"units": 6', f'"units": {UNITS}')
    return path


def kernel_of(file):
    found = []
    file.visititems(lambda name, each: found.append(name) if name.endswith("kernel") else None)
    return found[0]


def hollow_h5(path):
    with h5py.File(dense(path), "r+") as file:
        kernel = kernel_of(file)
        del file[kernel]
        file.create_dataset(kernel, (784, UNITS), np.float32)
    return path


def packed_keras(path):
    return rewritten(dense(path), lambda name, content: content + b" " * 2**28 * (name == "config.json"), 8)


def padded_keras(path):
    image = keras.Input((8, 8, 1))
    given = keras.layers.GlobalAveragePooling2D()(keras.layers.ZeroPadding2D(7)(image))
    keras.Model(image, given).save(path)
    return rewritten(path, lambda name, content: content.replace(b"7", b"70000") if name == "config.json" else content)


BOMBS = {
    "wide.keras": (wide_keras, "its layers claim weights of 1,882 MB"),
    "wide.h5": (wide_h5, "its layers claim weights of 1,882 MB"),
    "hollow.h5": (hollow_h5, "its arrays claim 1,882 MB"),
    "packed.keras": (packed_keras, "its members unpack to 268 MB"),
    "padded.keras": (padded_keras, "its layer zero_padding2d makes 78,"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_claims_more_than_it_holds_is_refused(tmp_path, name):
    make, message = BOMBS[name]
    with pytest.raises(ModelFileError, match=message):
        load(make(tmp_path / name))


def constant(path):
    return constant_of_shape(path, 28, UNITS // 10)


def tiled_by_number(path):
    """Repeat the image as often as a million times the number of images says."""
    from onnx import helper

    nodes = [
        helper.make_node("Shape", ["x"], ["sides"]),
        helper.make_node("Gather", ["sides", "zero"], ["number"]),
        helper.make_node("Mul", ["number", "million"], ["times"]),
        helper.make_node("Concat", ["one", "times"], ["repeats"], axis=0),
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("Tile", ["flat", "repeats"], ["wide"]),
        helper.make_node("ReduceMean", ["wide"], ["r"], axes=[1], keepdims=1),
    ]
    return onnx_file(path, 28, nodes, zero=[0], million=[10**6], one=[1])


@pytest.mark.parametrize(
    ("make", "message"),
    [(constant, "it makes constants of 1,882 MB"), (tiled_by_number, "its layer .* makes 3,136 MB")],
)
def test_an_onnx_file_that_makes_gigabytes_is_refused(tmp_path, make, message):
    pytest.importorskip("openvino")
    with pytest.raises(ModelFileError, match=message):
        open_encoder(make(tmp_path / "bomb.onnx"))


#: Memory that is asked for beyond 512 MiB is refused, and ends the process.
CAPPED = """
import resource, sys
from pathlib import Path
from autoencoder.errors import ModelFileError
from autoencoder.model.encoder import open_encoder
import openvino, autoencoder.model.saved
asked = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + 2**29
resource.setrlimit(resource.RLIMIT_AS, (asked, asked))
for each in sys.argv[1:]:
    try:
        open_encoder(Path(each))
    except ModelFileError as error:
        print(error)
"""


def test_refusing_takes_no_memory(tmp_path):
    pytest.importorskip("openvino")
    made = [make(tmp_path / name) for name, (make, _) in BOMBS.items()]
    made += [make(tmp_path / f"{make.__name__}.onnx") for make in (constant, tiled_by_number)]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-c", CAPPED, *made], capture_output=True, text=True, env=quiet, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert len(ended.stdout.splitlines()) == len(made)
    assert ended.stdout.count("made to fill the memory") == len(made)


@pytest.mark.parametrize("name", ["a.keras", "a.h5"])
def test_a_model_claims_no_more_than_its_file_may(tmp_path, name):
    path = dense(tmp_path / name, 300)
    check_claims(path)
    assert load(path).output.shape == (None, 300)
    assert most_bytes(path) > 4 * 784 * 300


def test_weights_that_lie_in_another_file_are_refused(tmp_path):
    with h5py.File(dense(tmp_path / "a.h5"), "r+") as file:
        kernel = kernel_of(file)
        del file[kernel]
        file[kernel] = h5py.ExternalLink("other.h5", "kernel")
    with pytest.raises(ModelFileError, match="lies elsewhere"):
        load(tmp_path / "a.h5")


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    image = keras.Input((4, 4, 1))
    model = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image)))
    model.set_weights([np.full((16, 2), np.nan), np.zeros(2)])
    model.save(tmp_path / "a.keras")
    with pytest.raises(ModelFileError, match="weights that are no numbers"):
        load(tmp_path / "a.keras")


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(("taken", "given"), [(2, 1), (1, 2)])
def test_a_model_takes_one_thing_and_gives_one(tmp_path, suffix, taken, given):
    images = [keras.Input((4, 4, 1), name=f"image{number}") for number in range(taken)]
    flat = keras.layers.Flatten()(keras.layers.Add()(images) if taken == 2 else images[0])
    answers = [keras.layers.Dense(2, name=f"answer{number}")(flat) for number in range(given)]
    keras.Model(images, answers).save(tmp_path / f"a{suffix}")
    with pytest.raises(ModelFileError, match=f"takes {taken} inputs and gives {given} outputs"):
        load(tmp_path / f"a{suffix}")


def test_a_model_that_knows_its_one_input_as_a_list_is_an_encoder(tmp_path):
    image = keras.Input((4, 4, 1))
    keras.Model([image], [keras.layers.Dense(2)(keras.layers.Flatten()(image))]).save(tmp_path / "a.keras")
    assert open_encoder(tmp_path / "a.keras").width == 2


@pytest.mark.parametrize("name", ["../climbed", "/climbed", "assets/../../climbed"])
def test_a_file_within_that_would_be_written_elsewhere_is_refused(tmp_path, name):
    with zipfile.ZipFile(dense(tmp_path / "a.keras"), "a") as archive:
        archive.writestr(name, b"")
    with pytest.raises(ModelFileError, match="would be written elsewhere"):
        load(tmp_path / "a.keras")


def test_a_description_that_is_nested_too_deep_is_refused(tmp_path):
    path = rewritten(dense(tmp_path / "a.keras"), lambda name, old: b"[" * 200_000 if name == "config.json" else old)
    assert made_here(path)  # so that nobody is asked what its pixels are to be
    assert layer_names(path) == []
    with pytest.raises(ModelFileError, match="cannot be read"):
        load(path)


def test_an_onnx_file_of_unknown_layers_is_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    path = onnx_file(tmp_path / "a.onnx", 28, [onnx.helper.make_node("Reaper", ["x"], ["r"], domain="elsewhere")])
    with pytest.raises(ModelFileError, match="layers that are not known here"):
        as_encoder(path, "unit", (28, 28))
