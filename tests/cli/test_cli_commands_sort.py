import json

import cv2
import numpy as np
import pytest
import yaml

from autoencoder.cli.main import Autoencoder
from autoencoder.errors import DataError, ModelFileError, UsageError
from autoencoder.settings import budget as table


@pytest.fixture
def short(monkeypatch, tmp_path):
    """A budget of a few steps, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(table, "STEPS", {"small": 4, "medium": 6, "large": 8})
    return tmp_path


@pytest.fixture
def folder(short, kinds64):
    """60 images of two kinds, of 64 x 40 pixels."""
    pixels, kinds = kinds64
    for number in range(60):
        image = pixels[number % 24, :, :40].astype(int) + np.random.default_rng(number).integers(0, 15, (64, 40, 3))
        name = short / "photos" / "ab"[kinds[number % 24]] / f"{number}.png"
        name.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(name), np.clip(image, 0, 255).astype(np.uint8))
    return short / "photos"


def settings_of(made):
    return yaml.safe_load((made.parents[1] / "settings.yml").read_text())


@pytest.mark.slow
def test_without_flags_all_is_chosen_and_kept(folder):
    made = Autoencoder(train_dir=folder, verbose=False).sort(k=2)
    kept, scores = settings_of(made), json.loads((made / "scores.json").read_text())
    assert made.name == "umap_gmm_k2" and kept["local_features"] is True and kept["contrast_with"] == "both"
    assert kept["image_shape"] == [61, 38] and kept["train_epochs"] == 3 and kept["valid_split"] == 0.05
    assert kept["augment"] == ["crop", "rotate", "color", "gray"]
    assert scores["nmi"] > 0.9  # red left or blue below: local features alone tell them apart
    assert {"stability", "method_agreement", "structure", "trust"} <= set(scores)
    assert (made.parents[1] / "report.html").is_file()


@pytest.mark.slow
def test_new_images_are_assigned_by_the_same_features(folder):
    made = Autoencoder(train_dir=folder, verbose=False).sort(k=2)
    Autoencoder().assign(made, images=folder)
    table = (made / "assigned_photos.csv").read_text().splitlines()
    kept = {line.split(",")[0]: line.split(",")[1] for line in (made / "clusters.csv").read_text().splitlines()[1:]}
    new = {line.split(",")[0]: line.split(",")[1] for line in table[1:]}
    assert len(new) == 60 and sum(new[path] == kept[path] for path in new) >= 58


@pytest.mark.slow
def test_flags_of_the_training_and_none_leave_the_defaults_of_run(folder):
    made = Autoencoder(train_dir=folder, verbose=False, train_epochs=1, image_shape=16).sort(k=2)
    kept = settings_of(made)
    assert made.name == "kmeans_k2" and not kept["local_features"] and kept["contrast"] == 0


@pytest.mark.slow
def test_what_is_given_beside_a_budget_is_kept(folder):
    made = Autoencoder(train_dir=folder, verbose=False, seed=7, image_shape=16, valid_split=0.2).sort(
        k=2, budget="small", method="kmeans"
    )
    kept = settings_of(made)
    assert (kept["seed"], kept["image_shape"], kept["valid_split"], kept["train_epochs"]) == (7, [16, 16], 0.2, 4)
    assert made.name == "kmeans_k2"


def test_a_budget_and_flags_that_it_decides_are_refused_before_any_work(folder):
    with pytest.raises(UsageError, match=r"--budget=small chooses --train_epochs itself; leave one of them out"):
        Autoencoder(train_dir=folder, train_epochs=3).sort(k=2, budget="small")
    with pytest.raises(UsageError, match=r"--budget"):
        Autoencoder(train_dir=folder).sort(k=2, budget="huge")
    assert not (folder.parent / "logs").exists()


def test_more_clusters_than_images_are_refused_before_any_work(folder):
    with pytest.raises(UsageError, match=r"--k=4000: there are \d+ images, and a cluster needs one at least"):
        Autoencoder(train_dir=folder).sort(k=4000, budget="small")
    assert not (folder.parent / "logs").exists()


def test_without_a_teachers_weights_no_random_ones_are_advised(folder, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(folder.parent / "nothing"))
    with pytest.raises(ModelFileError, match=r"weights are not in .*fetch \S+ and name the file by \S+$"):
        Autoencoder(train_dir=folder, encoder_from="MobileNetV2").sort(k=2, budget="small")


@pytest.mark.slow
def test_fewer_than_twenty_images_are_refused_with_a_way_out(folder):
    with pytest.raises(DataError, match=r"holds 18 usable images.*20 at least.*--budget=none"):
        Autoencoder(train_dir=folder, max_images=9).sort(k=2)
    assert Autoencoder(train_dir=folder, max_images=9, verbose=False, train_epochs=1).sort(k=2).is_dir()


@pytest.mark.slow
def test_images_of_noise_are_said_to_show_no_clusters(short):
    (short / "noise").mkdir()
    for number in range(150):
        image = np.random.default_rng(number).integers(0, 256, (28, 28), np.uint8)
        cv2.imwrite(str(short / "noise" / f"{number}.png"), image)
    made = Autoencoder(train_dir=short / "noise", verbose=False).sort(k=4)
    assert json.loads((made / "scores.json").read_text())["trust"] == "none"


@pytest.mark.slow
def test_one_image_again_and_again_with_noise_shows_no_clusters(short, kinds64):
    (short / "same").mkdir()
    for number in range(150):
        image = kinds64[0][0].astype(float) + np.random.default_rng(number).normal(0, 12, (64, 64, 3))
        cv2.imwrite(str(short / "same" / f"{number}.png"), np.clip(image, 0, 255).astype(np.uint8))
    made = Autoencoder(train_dir=short / "same", verbose=False).sort(k=4)
    assert json.loads((made / "scores.json").read_text())["trust"] == "none"


@pytest.mark.slow
def test_a_trained_network_teaches_one_of_its_own(folder):
    run = Autoencoder(train_dir=folder, verbose=False, train_epochs=1, image_shape=32, filters=[4, 8]).run()
    made = Autoencoder(train_dir=folder, verbose=False, encoder_from=run.path).sort(k=2, budget="small")
    kept = settings_of(made)
    assert kept["encoder_use"] == "teacher" and kept["encoder_from"].endswith("encoder.keras")
    assert kept["neighbours_from"] == "pixels" and kept["filters"] == [32, 64, 128, 256] and kept["local_features"]
    assert Autoencoder().encode(made.parents[1], images=folder).is_file()  # without the teacher


@pytest.mark.slow
def test_the_page_says_what_is_clustered_and_how_far_to_trust_it(folder):
    made = Autoencoder(train_dir=folder, verbose=False).sort(k=2, budget="small")
    page = (made.parents[1] / "report.html").read_text()
    assert "of its edges and colours and of what a network found by itself" in page
    assert "trust in the groups is " in page
    assert "simple linear method" not in page  # the network was not trained to rebuild
