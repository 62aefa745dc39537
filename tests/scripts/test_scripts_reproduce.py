"""The reproductions that keep their figures: each at tiny size, and not done a second time."""

import csv
import json
import re
import sys

import cv2
import kept
import numpy as np
import pytest
import reproduce_categories
import reproduce_duplicates
import reproduce_flexible
import reproduce_mnist_conv_bn
import reproduce_suspects
import reproduce_techniques

from autoencoder.data.idx import read_idx


@pytest.fixture
def photographs(tmp_path):
    """Three class folders of 12 colour PNG files of 40 x 40 pixels."""
    random = np.random.default_rng(0)
    for number, name in enumerate(("cat", "plane", "ship")):
        (tmp_path / "photographs" / name).mkdir(parents=True)
        for image in range(12):
            pixels = random.integers(0, 120, (40, 40, 3)).astype(np.uint8)
            pixels[:, :, number] += 100
            cv2.imwrite(str(tmp_path / "photographs" / name / f"{image}.png"), pixels)
    return tmp_path / "photographs"


@pytest.fixture
def digit_folders(tmp_path):
    """train and test, each with three class folders of 12 gray PNG files of 28 x 28 pixels."""
    random = np.random.default_rng(0)
    for part in ("train", "test"):
        for label in range(3):
            (tmp_path / "digits" / part / str(label)).mkdir(parents=True)
            for image in range(12):
                pixels = random.integers(80 * label, 80 * label + 60, (28, 28)).astype(np.uint8)
                cv2.imwrite(str(tmp_path / "digits" / part / str(label) / f"{image}.png"), pixels)
    return tmp_path / "digits"


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Run a script's main in an empty folder; returns the rows of its tables, a list of cells each."""
    monkeypatch.chdir(tmp_path)

    def started(script, *arguments):
        monkeypatch.setattr(sys, "argv", [script.__name__, *map(str, arguments)])
        kept.told(script.main)
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
        return [line.strip("|").split("|") for line in lines if not line.startswith("|---")]

    return started


@pytest.fixture
def no_training(monkeypatch):
    """Fail where anything is trained from now on."""

    def forbid():
        def refuse(*arguments, **options):
            raise AssertionError("it is trained again")

        # This one first: it is imported by it, and would else keep the other's replacement.
        monkeypatch.setattr("autoencoder.training.classify.fit_network", refuse)
        monkeypatch.setattr("autoencoder.training.fit.fit_network", refuse)

    return forbid


def colors(path) -> int:
    """Count the colours of a picture; 0 where there is none."""
    pixels = cv2.imread(str(path))
    return 0 if pixels is None else len(np.unique(pixels.reshape(-1, 3), axis=0))


@pytest.mark.long
def test_categories(call, photographs, no_training, tmp_path):
    asked = (photographs, "--categories=[cat,ship]", "--images=10", "--epochs=1", "--side=40", "--timed=5")
    rows = call(reproduce_categories, *asked, "--batch_sizes=8")
    names = [row[0].strip() for row in rows]
    variants = ["large", "large, dropout 0.5", "small", "small, dropout 0.5"]
    assert names == ["", *variants, "ours", "seconds an epoch, batches of", *variants]
    assert [cell.strip() for cell in rows[0][1:5]] == ["15 neighbours", "silhouette", "cat", "ship"]
    for row in rows[1:6]:
        assert 0 <= float(row[1]) <= 1 and all(-1 <= float(cell) <= 1 for cell in row[2:5])
        assert row[8].strip() == "1"
    assert rows[1][6].strip() == "4,963"  # parameters that the recipe names
    # Tenths of a second, and an epoch of so few images may take less than one.
    assert all(re.fullmatch(r" ?\d+\.\d ?", row[1]) for row in rows[7:])
    assert all(
        colors(tmp_path / f"logs/reproduce_categories_{name}.png") > 10 for name in ("losses", "embeddings", "ours")
    )
    no_training()
    assert call(reproduce_categories, *asked, "--batch_sizes=8") == rows


def test_a_category_that_is_not_there_is_refused_before_any_work(call, photographs, no_training, tmp_path):
    no_training()
    with pytest.raises(
        SystemExit, match=r"^error: --categories: there is no class folder 'shop' in .*; did you mean 'ship'\?$"
    ):
        call(reproduce_categories, photographs, "--categories=cat,shop")
    assert not (tmp_path / "logs").exists()


def test_neighbours_are_learned_images_and_silhouettes_of_the_others():
    learned, judged = np.repeat([[0.0, 0], [10, 0]], 20, axis=0), np.array([[0.0, 1], [0, 2], [10, 1], [1, 1]])
    labels = np.array(["a"] * 20 + ["b"] * 20 + ["a", "a", "b", "b"])
    found = reproduce_categories.scores(np.concatenate([learned, judged]), labels, np.arange(44) >= 40)
    assert found["neighbours"] == 0.75  # the last lies among the learned of a
    # Of [10, 1]: 9 to its own, and half of 10 and sqrt(101) to the others.
    far = (10 + np.sqrt(101)) / 2
    # Of [1, 1]: 9 to its own, half of 1 and sqrt(2) to the others.
    near = (1 + np.sqrt(2)) / 2
    assert found["by category"]["b"] == pytest.approx(((far - 9) / far + (near - 9) / 9) / 2)
    assert found["silhouette"] == pytest.approx(np.mean(list(found["by category"].values())))


def test_the_plane_is_fitted_on_all_images_and_shows_the_judged():
    vectors = np.array([[100.0, 0, 0], [-100, 0, 0], [0, 10, 0], [0, -10, 0], [1, 2, 3]])
    shown = reproduce_categories.plane(vectors, np.array(list("ababa")), np.array([False, False, False, False, True]))
    moved = vectors[4] - vectors.mean(axis=0)
    np.testing.assert_allclose(np.abs(shown), np.abs(moved[None, :2]), atol=0.1)


@pytest.mark.long
def test_flexible(call, photographs, no_training):
    asked = (photographs, "--images=30", "--epochs=1", "--side=64")
    rows = call(reproduce_flexible, *asked)
    assert [row[0].strip() for row in rows[1:]] == ["`recipes/flexible.yml`", "`run` without flags"]
    titles = [cell.strip() for cell in rows[0]]
    original, ours = ({name: cell.strip() for name, cell in zip(titles, row, strict=True)} for row in rows[1:])
    assert (original["width"], ours["width"]) == ("1,000", "10")
    for row in (original, ours):
        assert 0 < float(row["validation MSE"]) < 1 and 0 <= float(row["k-means NMI"]) <= 1 and row["epochs"] == "1"
    no_training()
    assert call(reproduce_flexible, *asked) == rows


@pytest.mark.long
def test_mnist_in_two_steps_is_fed_with_idx_files(call, digit_folders, no_training, tmp_path):
    rows = call(reproduce_mnist_conv_bn, digit_folders, "--epochs=1")
    names = [row[0].strip() for row in rows[1:]]
    assert names[0] == "`mnist_conv_bn.yml`, `mnist_conv_bn_classifier.yml`" and "classify_mnist.yml" in names[1]
    assert all(0 <= float(row[1]) <= 1 for row in rows[1:])
    made = tmp_path / "logs" / "reproduce_mnist_conv_bn"
    assert read_idx(made / "t10k-images-idx3-ubyte").shape == (36, 28, 28)
    np.testing.assert_array_equal(read_idx(made / "train-labels-idx1-ubyte"), np.repeat([0, 1, 2], 12))
    (figures,) = json.loads((tmp_path / "logs" / "reproduce_mnist_conv_bn.json").read_text()).values()
    settings = (tmp_path / figures["original, autoencoder"]["run"] / "settings.yml").read_text()
    assert re.search(r"train_dir: .*train-images-idx3-ubyte", settings) and "filters: [32, 64]" in settings
    no_training()
    assert call(reproduce_mnist_conv_bn, digit_folders, "--epochs=1") == rows


@pytest.mark.long
def test_techniques(call, digit_folders, no_training, tmp_path):
    import keras

    image = keras.Input((32, 32, 3))
    maps = keras.layers.Conv2D(4, 3, strides=4, padding="same")(image)
    keras.Model(image, maps).save(tmp_path / "network.keras")
    rows = "pca,baseline,pretrained,unpretrained,best"
    asked = (digit_folders, "--data=mnist", "--epochs=1", "--width=3", f"--rows={rows}", "--backbone=network.keras")
    table = call(reproduce_techniques, *asked)
    titles = [cell.strip() for cell in table[0]]
    found = {row[0].strip(): dict(zip(titles, (cell.strip() for cell in row), strict=True)) for row in table[1:]}
    assert list(found) == rows.split(",")
    assert {row["original MSE"] for row in found.values()} == {""}  # they are of another width
    assert 0 < float(found["best"]["MSE"]) < float(found["baseline"]["MSE"])
    assert found["best"]["on originals"] == found["baseline"]["on originals"] != ""
    padded = cv2.imread(str(tmp_path / "logs/reproduce_techniques/digits_32/test/2/0.png"), cv2.IMREAD_GRAYSCALE)
    original = cv2.imread(str(digit_folders / "test/2/0.png"), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(padded, np.pad(original, 2))
    no_training()
    assert call(reproduce_techniques, *asked) == table


@pytest.mark.slow
def test_suspects(call, digit_folders, no_training, tmp_path):
    rows = call(reproduce_suspects, digit_folders, "--share=0.25")
    assert [int(row[0]) for row in rows[1:]] == [4, 9, 10, 14, 18], "multiples of a quarter of 36 labels"
    found = [int(row[1]) for row in rows[1:]]
    assert found == sorted(found) and all(
        count <= min(9, int(row[0])) for count, row in zip(found, rows[1:], strict=True)
    )
    for count, row in zip(found, rows[1:], strict=True):
        assert float(row[2]) == pytest.approx(count / int(row[0]), abs=1e-4)
        assert float(row[3]) == pytest.approx(count / 9, abs=1e-4)
    with (tmp_path / "logs/reproduce_suspects/labels_0.25_1.csv").open(newline="") as file:
        given = list(csv.DictReader(file))
    assert len(given) == 36 and sum(each["path"].split("/")[0] != each["label"] for each in given) == 9
    no_training()
    assert call(reproduce_suspects, digit_folders, "--share=0.25") == rows


@pytest.mark.slow
def test_duplicates(call, photographs, no_training, tmp_path):
    (tmp_path / "cifar").mkdir()
    photographs.rename(tmp_path / "cifar" / "train")
    asked = (tmp_path / "cifar", "--copies=8", "--epochs=1")
    rows = call(reproduce_duplicates, *asked)
    made = {
        folder.name: len(list(folder.iterdir()))
        for folder in (tmp_path / "logs/reproduce_duplicates/train_1000_8").iterdir()
    }
    assert made == {"originals": 36, "rescaled": 2, "recompressed": 2, "brightened": 2, "cropped": 2}
    names = {(row[0].strip(), row[1].strip()) for row in rows[1:]}
    assert names == {
        (by, kind)
        for by in ("duplicates", *(f"hash alone, {bits} bits" for bits in (2, 4, 6)))
        for kind in (*made.keys() - {"originals"}, "all")
    }
    assert all(0 <= float(row[2]) <= 1 for row in rows[1:] if row[1].strip() != "all")
    no_training()
    assert call(reproduce_duplicates, *asked) == rows


def test_pairs_of_a_copy_and_its_original_are_counted():
    paths = ("originals/a.png", "originals/b.png", "cropped/a.png", "rescaled/b.png")
    pairs = np.array([[0, 2], [1, 3], [0, 1], [2, 3]])
    found = reproduce_duplicates.count(paths, pairs, np.array([True, False, False, False]))
    assert found.found == {"rescaled": 1, "recompressed": 0, "brightened": 0, "cropped": 1}
    assert found.moved["cropped"] == 1 and found.moved["rescaled"] == 0
    assert found.false == {"near": 1, "moved": 0} and found.originals == 1


def test_the_figures_of_the_original_stand_beside_its_own_width_alone(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train").mkdir()
    (tmp_path / "test").mkdir()
    row = {"seconds": 1, "epochs": 15, "mse": 0.002, "mae": 0.01, "psnr": 27.0, "ssim": 0.9}
    monkeypatch.setattr(reproduce_techniques, "trained_row", lambda *_: row)
    for width, expected in ((1000, ["0.004345", "0.4558"]), (64, ["", ""])):
        asked = ["_", str(tmp_path), "--data=cifar10", "--rows=baseline", f"--width={width}"]
        monkeypatch.setattr(sys, "argv", asked)
        reproduce_techniques.main()
        last = capsys.readouterr().out.splitlines()[-1]
        assert [cell.strip() for cell in last.split("|")][-3:-1] == expected


def test_techniques_are_refused_where_a_network_is_missing(call, digit_folders, capsys):
    with pytest.raises(SystemExit):
        call(reproduce_techniques, digit_folders, "--data=mnist", "--rows=pretrained")
    assert "--backbone: the row pretrained needs a network's file" in capsys.readouterr().err


def test_a_figure_is_measured_once_for_each_question(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one, other = kept.Kept("figures", "images 1"), kept.Kept("figures", "images 2")
    values = iter([3, 4, 5])
    assert [each.once("seconds", lambda: next(values)) for each in (one, one, other, one, other)] == [3, 3, 4, 3, 4]
    assert one.found == {"seconds": 3} and one.once("hours", lambda: next(values)) == 5


def test_means_have_a_deviation_where_there_are_several():
    assert kept.spread([0.25]) == "0.250" and kept.spread([1, 3]) == "2.000 ± 1.000"
    assert kept.head(["a", "b"]) == "| a | b |\n|---|---|"
