"""Networks from elsewhere in the place of a run, and what a training uses one for."""

import hashlib
import json

import cv2
import keras
import numpy as np
import pandas
import pytest
import yaml

from autoencoder.cli.main import Autoencoder
from autoencoder.errors import DataError, ModelFileError, UsageError
from autoencoder.model.saved import load
from autoencoder.storage.lookup import find, locate

KINDS = ("blue", "green", "red")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A place with images of three kinds, told apart by colour, and a network elsewhere that sees nothing but it."""
    place, generator = tmp_path_factory.mktemp("made"), np.random.default_rng(1)
    for channel, kind in enumerate(KINDS):
        (place / "photos" / kind).mkdir(parents=True)
        for row in range(8):
            image = generator.integers(0, 90, (16, 16, 3)).astype(np.uint8)
            image[..., channel] += 150
            cv2.imwrite(str(place / "photos" / kind / f"{row}.png"), image)
    (place / "elsewhere").mkdir()
    inputs = keras.Input((16, 16, 3))
    keras.Model(inputs, keras.layers.AveragePooling2D(4)(inputs)).save(place / "elsewhere" / "colours.keras")
    return place


@pytest.fixture(autouse=True)
def place(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def network(made):
    return made / "elsewhere" / "colours.keras"


def the_run(place, prefix):
    (run,) = (place / "logs").glob(f"{prefix}_2*")
    return run


def small(made, **flags):
    return {"train_dir": str(made / "photos"), "dims": [3], "train_epochs": 1, "batch_size": 8, "verbose": 0, **flags}


def test_a_file_from_elsewhere_must_say_what_its_pixels_are(program, made, network):
    alone = program("cluster", network, f"--images={made / 'photos'}", "--k=3")
    assert alone.returncode == 2
    assert "does not say what values its pixels are to have; give --preprocess, one of unit, symmetric" in alone.stderr
    assert "its documentation" in alone.stderr and "looking at" not in alone.stdout


@pytest.mark.slow
def test_clusters_of_a_file_lie_in_a_run_that_later_commands_take(program, made, network, place):
    done = program("cluster", network, f"--images={made / 'photos'}", "--k=3", "--preprocess=bytes")
    assert done.returncode == 0, done.stderr
    assert "gives 3 numbers at 4 x 4 places: their mean, of one length, is the embedding" in done.stdout
    assert [path.name for path in network.parent.glob("[!.]*")] == ["colours.keras"]
    run = the_run(place, "colours")
    written = json.loads((run / "provenance.json").read_text())
    assert (written["command"], written["finished"], written["source"]["count"]) == ("cluster", True, 24)
    digest = hashlib.sha256(network.read_bytes()).hexdigest()
    assert written["encoder"] == {"file": str(network), "sha256": digest}
    assert yaml.safe_load((run / "settings.yml").read_text())["preprocess"] == "bytes"
    assert json.loads((run / "clusters/kmeans_k3/scores.json").read_text())["accuracy"] == 1
    for command in (
        ("assign", "latest", f"--images={made / 'photos'}"),
        ("report", run),
        ("runs",),
        ("show", run.name),
    ):
        later = program(*command)
        assert later.returncode == 0, later.stderr
    assert "flexae assign" in later.stdout and "colours.keras" in later.stdout
    assert (run / "report.html").is_file()
    again = program("cluster", f"--config={run / 'settings.yml'}", "--k=3")
    assert again.returncode == 0, again.stderr
    assert len(list((place / "logs").glob("colours_2*"))) == 2


@pytest.mark.slow
def test_an_application_by_its_name(program, made, place, monkeypatch):
    monkeypatch.setitem(program.environment, "KERAS_HOME", str(place))
    asked = f"--images={made / 'photos'}"
    absent = program("encode", "MobileNetV3Small", asked)
    assert absent.returncode == 4
    assert "fetch https://storage.googleapis.com/" in absent.stderr and "--encoder_weights=FILE" in absent.stderr
    done = program("encode", "MobileNetV3Small", asked, "--encoder_weights=none", "--image_shape=32")
    assert done.returncode == 0, done.stderr
    run = the_run(place, "MobileNetV3Small")
    table = pandas.read_parquet(run / "embeddings/photos.parquet")
    assert len(table) == 24 and "e575" in table and "e576" not in table
    assert f"next: flexae cluster {run.relative_to(place)}" in done.stdout


@pytest.mark.slow
def test_an_application_sees_images_at_96_pixels_where_nothing_is_said(made, place):
    Autoencoder().encode("MobileNetV3Small", images=made / "photos", encoder_weights="none")
    assert load(the_run(place, "MobileNetV3Small") / "encoder.keras").input.shape == (None, 96, 96, 3)


@pytest.mark.slow
def test_a_classifier_on_a_network_from_elsewhere(program, made, network, place):
    told = ("--preprocess=symmetric", f"--train_dir={made / 'photos'}", "--epochs=2", "--units=4")
    done = program("classify", network, *told)
    assert done.returncode == 0, done.stderr
    run = the_run(place, "classifier")
    flags = yaml.safe_load((run / "settings.yml").read_text())
    assert (flags["run"], flags["preprocess"]) == (str(network), "symmetric")
    assert json.loads((run / "provenance.json").read_text())["encoder"]["file"] == str(network)
    predicted = program("predict", run, f"--images={made / 'photos'}")
    assert predicted.returncode == 0, predicted.stderr
    assert [path.name for path in network.parent.glob("[!.]*")] == ["colours.keras"]


@pytest.mark.slow
def test_an_onnx_file_from_elsewhere_is_kept_in_its_own_format(made, place):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("openvino")
    info = onnx.helper.make_tensor_value_info
    node = onnx.helper.make_node("AveragePool", ["pixels"], ["maps"], kernel_shape=[4, 4], strides=[4, 4])
    values = [info("pixels", 1, ("n", 3, 16, 16)), info("maps", 1, ("n", 3, 4, 4))]
    graph = onnx.helper.make_graph([node], "g", values[:1], values[1:])
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), "colours.onnx")
    folder = Autoencoder().cluster("colours.onnx", images=made / "photos", preprocess="bytes", k=3)
    assert json.loads((folder / "scores.json").read_text())["accuracy"] == 1
    run = the_run(place, "colours")
    assert locate(run.name)[1] == run.relative_to(place) / "encoder.onnx" and find("latest").path.name == run.name
    table = pandas.read_parquet(Autoencoder().encode(run.name))
    pixels = np.stack([cv2.imread(str(made / "photos" / path))[..., ::-1] for path in table["path"]])
    mean = pixels.mean((1, 2))
    expected = mean / np.sqrt((mean**2).mean(1, keepdims=True))
    np.testing.assert_allclose(table[["e0", "e1", "e2"]], expected, rtol=1e-3)
    with pytest.raises(ModelFileError, match="ONNX model cannot be trained further"):
        Autoencoder().classify("colours.onnx", train_dir=made / "photos", preprocess="bytes")


@pytest.mark.parametrize("command", ["similar", "outliers", "duplicates", "suspects", "report"])
def test_other_commands_take_it_too(made, network, place, command):
    words = (made / "photos/red/0.png",) if command == "similar" else ()
    more = {"neighbours": 3} if command in ("outliers", "suspects") else {}
    getattr(Autoencoder(), command)(network, *words, images=made / "photos", preprocess="unit", **more)
    run = the_run(place, "colours")
    assert (run / ("report.html" if command == "report" else command)).exists()
    assert json.loads((run / "provenance.json").read_text())["command"] == command


@pytest.mark.parametrize(
    ("name", "flags", "said"),
    [
        ("MobileNetV2", {"preprocess": "unit"}, "MobileNetV2 has a preprocessing of its own"),
        ("MobileNetV2", {"encoder_weights": "none", "image_shape": 16}, "takes images of at least 32 x 32 pixels"),
        ("MobilNetV2", {}, "did you mean MobileNetV2"),
        ("NETWORK", {"preprocess": "unit", "image_shape": 32}, "takes images of 16 x 16 pixels alone"),
        (
            "NETWORK",
            {"preprocess": "unit", "encoder_weights": "none"},
            "--encoder_weights=none is of a Keras application",
        ),
        ("NETWORK", {"preprocess": "none"}, "give --preprocess"),
    ],
)
def test_what_does_not_belong_together_is_refused(made, network, name, flags, said):
    with pytest.raises(UsageError, match=said):
        Autoencoder().encode(network if name == "NETWORK" else name, images=made / "photos", **flags)


def test_images_must_be_named(network):
    with pytest.raises(UsageError, match=r"--images: .*colours.keras does not say what it was trained on"):
        Autoencoder().encode(network, preprocess="unit")


@pytest.mark.slow
def test_a_run_needs_no_such_flag_nor_does_its_encoder_alone(made, place):
    run = Autoencoder(**small(made, filters=[4])).run()
    with pytest.raises(UsageError, match=r"--preprocess is of a network from elsewhere, and .* is none"):
        Autoencoder().encode(run.path, preprocess="unit")
    run.encoder.rename(place / "moved.keras")
    assert len(pandas.read_parquet(Autoencoder().encode("moved.keras", images=made / "photos"))) == 24


@pytest.mark.slow
def test_a_frozen_network_stays_as_it_is(program, made, place):
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, 2, padding="same", activation="relu")(inputs)
    keras.Model(inputs, keras.layers.BatchNormalization()(x)).save(place / "conv.keras")
    wanted = ("--encoder_from=conv.keras", "--encoder_use=frozen")
    flags = (f"--train_dir={made / 'photos'}", "--dims=3", "--train_epochs=2", "--save_dir=frozen")
    refused = program("run", *wanted, *flags)
    assert refused.returncode == 2 and "give --preprocess" in refused.stderr
    done = program("run", *wanted, *flags, "--preprocess=symmetric")
    assert done.returncode == 0, done.stderr
    encoder, network = load(place / "frozen/encoder.keras"), load(place / "conv.keras")
    inner = encoder.get_layer("backbone")
    for kept, found in zip(network.get_weights(), inner.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, found)
    images = np.random.default_rng(1).random((2, 16, 16, 3)).astype(np.float32)
    np.testing.assert_allclose(inner(images), network(images * 2 - 1), atol=1e-5)
    assert list(pandas.read_csv(place / "frozen/history.csv")["epoch"]) == [1, 2]


@pytest.mark.slow
def test_a_teacher_leaves_a_small_encoder_that_runs_without_it(program, made, network, place):
    flags = (f"--train_dir={made / 'photos'}", "--filters=4", "--dims=3", "--train_epochs=2", "--neighbours=4")
    told = (f"--encoder_from={network}", "--encoder_use=teacher", "--preprocess=unit", "--contrast=1")
    done = program("run", *flags, *told, "--save_dir=taught")
    assert done.returncode == 0, done.stderr
    assert "neighbours are those that" in done.stdout
    assert [layer.name for layer in load(place / "taught/encoder.keras").layers][1] == "conv_0"
    flags = yaml.safe_load((place / "taught/settings.yml").read_text())
    assert (flags["encoder_use"], flags["contrast"], flags["neighbours_from"]) == ("teacher", 1.0, "pixels")
    clustered = program("cluster", "taught", "--k=3")
    assert clustered.returncode == 0, clustered.stderr


@pytest.mark.slow
def test_neighbours_from_a_table_that_encode_wrote(program, made, network, place):
    table = Autoencoder().encode(network, images=made / "photos", preprocess="unit")
    flags = (f"--train_dir={made / 'photos'}", "--filters=4", "--dims=3", "--train_epochs=1", "--contrast=1")
    done = program("run", *flags, f"--neighbours_from={table}", "--save_dir=ours")
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load((place / "ours/settings.yml").read_text())["neighbours_from"] == str(place / table)
    lacking = pandas.read_parquet(table)
    lacking[lacking["path"].str.startswith("red")].to_csv("red.csv", index=False)
    with pytest.raises(DataError, match=r"red.csv: lacks \d+ of the 2\d training images, blue/\d.png is the first"):
        Autoencoder(**small(made, filters=[4], contrast=1, neighbours_from="red.csv")).run()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"encoder_use": "frozen"}, "--encoder_use belongs to --encoder_from"),
        ({"preprocess": "unit"}, "--preprocess belongs to --encoder_from"),
        ({"encoder_from": "VGG16", "preprocess": "caffe"}, "VGG16 has a preprocessing of its own"),
        ({"encoder_from": "VGG16", "encoder_use": "teacher", "encoder_weights": "none"}, "what a network has learned"),
        ({"encoder_from": "VGG16", "encoder_use": "teacher", "contrast": 0}, "teaches by contrast alone"),
        (
            {
                "encoder_from": "VGG16",
                "encoder_use": "teacher",
                "contrast": 1,
                "contrast_with": "views",
                "augment": "hflip",
            },
            "--contrast_with=views pairs each image with itself",
        ),
        (
            {"encoder_from": "VGG16", "encoder_use": "teacher", "contrast": 1, "neighbours_from": "a.csv"},
            "with --encoder_use=teacher neighbours are those of the network",
        ),
        (
            {"encoder_from": "VGG16", "encoder_use": "frozen", "contrast": 1, "mlp": False},
            "nothing that makes it learns",
        ),
        ({"encoder_from": "VGG16", "encoder_use": "frozen", "rate_decay": 2}, "no layer of the network learns"),
        ({"encoder_from": "VGG16", "encoder_use": "frozen", "filters": [4]}, "--filters belongs to the network that"),
        ({"neighbours_from": "a.csv"}, "--neighbours_from belongs to --contrast"),
        ({"contrast": 1, "neighbours_from": "a.txt"}, r"a.txt: a table of embeddings ends in .parquet, .csv, .npz"),
    ],
)
def test_uses_that_mean_nothing_are_refused(made, flags, said):
    with pytest.raises(UsageError, match=said):
        Autoencoder(train_dir=str(made / "photos"), **flags).run()
