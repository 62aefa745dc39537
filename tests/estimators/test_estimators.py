"""The library: estimators by scikit-learn's conventions, on arrays and on folders."""

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from autoencoder import Autoencoder, Classifier, Clusterer, Restorer, load
from autoencoder.errors import DataError, ModelFileError, UsageError
from autoencoder.settings import Settings
from autoencoder.settings.fields import fields

ROOT = Path(__file__).parents[2]
SMALL = {"filters": (4,), "dims": (6,), "train_epochs": 1}


@pytest.fixture(scope="module")
def images(digits) -> np.ndarray:
    """120 digits, float32 in [0, 1], of shape (n, 8, 8)."""
    return digits[:120, ..., 0].astype(np.float32) / 255


@pytest.fixture(scope="module")
def classes() -> np.ndarray:
    from sklearn.datasets import load_digits

    return load_digits().target[:120]


@pytest.fixture(scope="module")
def ae(images, classes) -> Autoencoder:
    return Autoencoder(**SMALL).fit(images, classes)


@pytest.fixture(scope="module")
def pairs():
    blocks = np.random.default_rng(0).integers(0, 2, (12, 4, 4), np.uint8)
    clean = blocks.repeat(6, axis=1).repeat(6, axis=2) * np.uint8(255)
    return clean // 2, clean


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_knob_of_the_settings_is_a_parameter_with_its_default():
    parameters = inspect.signature(Autoencoder).parameters
    assert {"fitting" if name == "fit" else name for name in fields(Settings.sections)} == set(parameters)
    assert parameters["filters"].default is None
    assert parameters["dims"].default == (10,)
    assert "widths of the MLP" in Autoencoder.__doc__


@pytest.mark.parametrize("kind", [Autoencoder, Clusterer, Classifier, Restorer])
def test_nothing_is_done_or_changed_before_fit(kind):
    value = ["kept as it is"]
    name = next(iter(kind().get_params()))
    assert kind(**{name: value}).get_params()[name] is value
    assert clone(kind()).get_params() == kind().get_params()
    with pytest.raises(ValueError, match="no parameter 'filterz'"):
        kind().set_params(filterz=1)


def test_parameters_within_parameters(ae):
    classifier = Classifier(clone(ae), units=3).set_params(encoder__dims=(2,))
    assert classifier.encoder.dims == classifier.get_params()["encoder__dims"] == (2,)
    assert repr(Classifier(units=3)) == "Classifier(units=3)"


def test_arrays_come_back_in_their_own_shape_and_type(ae, images):
    embedded = ae.transform(images[:5])
    assert np.asarray(embedded).shape == embedded.shape == (5, 6)
    assert embedded.paths[1] == "#000001"
    restored = ae.inverse_transform(embedded)
    assert (restored.shape, restored.dtype) == ((5, 8, 8), np.float32)
    assert restored.min() >= 0
    assert restored.max() <= 1
    assert -1 <= ae.score(images) <= 0


@pytest.mark.parametrize("channels", [1, 3])
def test_bytes_with_channels(digits, channels):
    given = digits[:20].repeat(channels, axis=3)
    ae = Autoencoder(**SMALL).fit(given)
    restored = ae.inverse_transform(ae.transform(given))
    assert (restored.shape, restored.dtype) == (given.shape, np.uint8)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_embedding(ae, images, classes):
    again = Autoencoder(**SMALL).fit(images, classes)
    assert (again.transform(images).vectors == ae.transform(images).vectors).all()
    assert np.array_equal(clone(ae).fit(images, classes).transform(images), ae.transform(images))


def test_fit_writes_nothing_and_says_nothing(alone, images, capfd):
    Autoencoder(**SMALL).fit(images)
    assert list(alone.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.full((4, 8, 8), np.nan), "NaN"),
        (np.full((4, 8, 8), 2.0), r"\[0, 1\]"),
        (np.full((4, 8, 8), -0.5), r"\[0, 1\]"),
        (np.zeros((0, 8, 8)), "no image"),
        (np.zeros((4, 64)), "shape"),
        (np.zeros((4, 8, 8, 2)), "shape"),
        (np.zeros((4, 8, 8), int), "uint8"),
        (np.zeros((4, 9, 8)), r"\(8, 8, 1\)"),
        (np.zeros((4, 8, 8, 3)), r"\(8, 8, 1\)"),
        ("nowhere", "no such folder"),
    ],
)
def test_images_that_cannot_be_used(ae, given, said):
    with pytest.raises(ValueError, match=said) as caught:
        ae.transform(given)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, DataError)


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        (Autoencoder, "transform"),
        (Autoencoder, "inverse_transform"),
        (Clusterer, "predict"),
        (Classifier, "predict"),
        (Restorer, "transform"),
    ],
)
def test_use_before_fit(kind, call, images):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(kind(), call)(images)
    with pytest.raises(NotFittedError):
        kind().save("nowhere")


def test_vectors_that_are_no_embedding(ae):
    with pytest.raises(ValueError, match="6 wide"):
        ae.inverse_transform(np.zeros((2, 5)))
    with pytest.raises(ValueError, match="NaN"):
        ae.inverse_transform(np.full((2, 6), np.nan))


@pytest.mark.parametrize("name", ["categories", "valid_dir", "image_shape", "fitting", "max_images"])
def test_what_is_about_files_is_refused_for_arrays(images, name):
    value = {"fitting": "crop", "image_shape": (4, 4), "max_images": 3}.get(
        name, ("a",) if name == "categories" else "a"
    )
    with pytest.raises(UsageError):
        Autoencoder(**{name: value}).fit(images)


@pytest.mark.slow
def test_in_a_pipeline(images, classes):
    pipeline = make_pipeline(Autoencoder(filters=(8,), dims=(12,), train_epochs=2), LogisticRegression(max_iter=500))
    found = cross_val_predict(pipeline, images, classes, cv=2)
    assert found.shape == classes.shape
    assert (found == classes).mean() > 0.2  # a tenth would be chance


@pytest.mark.slow
def test_a_folder_keeps_its_names(alone, folders):
    ae = Autoencoder(**SMALL).fit(folders / "train")
    embedded = ae.transform(folders / "valid")
    assert embedded.paths[0].startswith("0/")
    assert set(embedded.labels) == {"0", "1", "2"}
    found = Clusterer("kmeans", k=3, encoder=ae).fit(folders / "train")
    assert list(found.table().path) == list(ae.transform(folders / "train").paths)
    assert len(found.predict(folders / "valid")) == 15
    classifier = Classifier(ae, epochs=1).fit(folders / "train")
    assert set(classifier.predict(folders / "valid")) <= {"0", "1", "2"}
    assert 0 <= classifier.score(folders / "valid") <= 1
    assert {path.name for path in alone.iterdir()} == {"digits"}


def test_what_is_saved_comes_back(alone, ae, images):
    ae.save("runs/a")
    loaded = load("runs/a")
    assert np.array_equal(loaded.transform(images), ae.transform(images))
    assert (loaded.filters, loaded.dims, loaded.train_epochs) == ((4,), (6,), 1)
    assert loaded.scores_ == ae.scores_
    loaded.save("runs/b")
    assert (alone / "runs/b/.encoder.keras.sha256").is_file()
    assert {path.name for path in (alone / "runs/a").iterdir()} == {path.name for path in (alone / "runs/b").iterdir()}
    with pytest.raises(UsageError, match="already holds something"):
        ae.save("runs/a")
    assert loaded.fit(images).transform(images).shape == (120, 6)


@pytest.mark.slow
def test_the_command_line_reads_what_the_library_saved_and_the_reverse(alone, ae, folders):
    from autoencoder.cli.main import Autoencoder as Commands

    ae.save("run")
    table = Commands().encode("run", images=folders / "train")
    assert table.is_file()
    folder = Commands().cluster("run", images=folders / "train", k=3)
    found = load(folder)
    assert found.k == 3
    assert len(found.predict(folders / "valid")) == 15
    run = Commands(**SMALL, train_dir=folders / "train", verbose=0).run()
    assert load(run.path).transform(folders / "train").shape == (60, 6)
    classifier = Commands(train_dir=folders / "train", epochs=1, verbose=0).classify(run.path)
    assert load(classifier.path).predict(folders / "valid").shape == (15,)


@pytest.mark.slow
def test_run_leaves_what_the_command_leaves(alone, folders):
    run = Autoencoder(**SMALL, train_dir=folders / "train").run()
    assert run.encoder.is_file()
    assert (alone / "logs" / "aescore.csv").is_file()
    kept = Autoencoder(**SMALL, save_dir="here").fit(folders / "train")
    assert kept.run_.path == alone / "here"


def test_clusters(ae, images, alone):
    embedded = ae.transform(images)
    found = Clusterer("kmeans", k=4).fit(embedded)
    assert np.array_equal(found.predict(embedded), found.labels_)
    assert np.array_equal(Clusterer("kmeans", k=4).fit_predict(np.asarray(embedded)), found.labels_)
    table = found.table(ae.transform(images[:3]))
    assert list(table.columns) == ["path", "cluster", "distance", "confidence", "second"]
    found.save("clusters")
    loaded = load("clusters")
    assert np.array_equal(loaded.labels_, found.labels_)
    assert np.array_equal(loaded.predict(embedded), found.labels_)
    assert loaded.get_params() == found.get_params()


def test_images_unlike_those_that_were_clustered_are_told(ae, images):
    found = Clusterer("kmeans", k=3, encoder=ae).fit(images)
    like, unlike = found.drift(images), found.drift(1 - images)
    assert not like.drifted and like.quantiles.shape == (len(images),)
    assert unlike.drifted and unlike.beyond > like.beyond and "do not trust" in unlike.sentence
    with pytest.raises(NotFittedError):
        Clusterer("kmeans", k=3).drift(images)


@pytest.mark.slow
def test_a_number_of_clusters_is_proposed():
    rng = np.random.default_rng(0)
    vectors = np.concatenate([rng.normal(center, 0.1, (40, 4)) for center in np.eye(4) * 9])
    found = Clusterer("kmeans", k="auto").fit(vectors)
    assert found.proposal_.low <= 4 <= found.proposal_.high
    assert found.cluster_centers_.shape == (found.proposal_.best, 4)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["dec", "idec", "self_label"])
def test_deep_methods_train_a_copy(ae, images, method):
    before = ae.transform(images).vectors
    found = Clusterer(method, k=3, encoder=ae, rounds=1).fit(images)
    assert np.array_equal(ae.transform(images).vectors, before)
    assert len(found.labels_) == 120
    with pytest.raises(UsageError, match="encoder="):
        Clusterer(method, k=3).fit(before)


def test_clusters_of_images_need_an_encoder(images):
    with pytest.raises(UsageError, match="encoder="):
        Clusterer("kmeans", k=3).fit("photos")


@pytest.mark.slow
def test_classes(ae, images, classes, alone):
    classifier = Classifier(ae, epochs=1).fit(images, classes)
    assert classifier.classes_.tolist() == list(range(10))
    assert classifier.predict(images).dtype == classes.dtype
    assert np.allclose(classifier.predict_proba(images).sum(axis=1), 1, atol=1e-4)
    assert clone(classifier).encoder is ae
    classifier.save("classes")
    loaded = load("classes")
    assert loaded.predict(images).tolist() == [str(each) for each in classifier.predict(images)]
    assert loaded.score(images, classes) == classifier.score(images, classes)
    found = cross_val_predict(Classifier(ae, epochs=1, units=8), images, classes, cv=2)
    assert set(found) <= set(range(10))
    assert list(alone.iterdir()) == [alone / "classes"]


def test_classes_that_cannot_be_learned(ae, images, classes):
    with pytest.raises(ValueError, match="needs the class of each"):
        Classifier(ae).fit(images)
    with pytest.raises(ValueError, match="119 labels"):
        Classifier(ae).fit(images, classes[1:])
    with pytest.raises(ValueError, match="2 classes"):
        Classifier(ae).fit(images, np.zeros(120))
    with pytest.raises(ValueError, match="fitted encoder"):
        Classifier().fit(images, classes)
    with pytest.raises(ValueError, match="not fitted"):
        Classifier(Autoencoder()).fit(images, classes)


def test_restoring(pairs, alone):
    damaged, clean = pairs
    restorer = Restorer(tile_side=24, step_size=24, filters=(4,), train_epochs=1).fit(damaged, clean)
    assert restorer.transform(damaged).shape == damaged.shape
    assert restorer.transform(damaged.astype(np.float32) / 255).dtype == np.float32
    assert {"hamming_before", "hamming_after"} <= set(restorer.scores_)
    restorer.save("restorer")
    loaded = load("restorer")
    assert np.array_equal(loaded.transform(damaged), restorer.transform(damaged))
    assert (loaded.tile_side, loaded.filters) == (24, (4,))
    with pytest.raises(ValueError, match="24 pixels"):
        restorer.transform(damaged[:, :20])
    with pytest.raises(ValueError, match="one shape"):
        Restorer().fit(damaged, clean[:5])
    with pytest.raises(ValueError, match="3 are needed"):
        Restorer().fit(damaged[:2], clean[:2])


def test_load_names_what_is_not_there(alone):
    with pytest.raises(ValueError, match="no such run"):
        load("nothing")


def test_importing_the_package_imports_no_tensorflow():
    code = "import autoencoder, sys; autoencoder.Autoencoder(filters=(4,)); print([n for n in sys.modules if n in H])"
    code = f"H = ('tensorflow', 'keras', 'sklearn'); {code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT / "src", check=True)
    assert done.stdout.strip() == "[]"


def test_what_cannot_be_done_is_refused_before_any_work(ae, images, classes, pairs, alone, monkeypatch):
    (alone / "taken").mkdir()
    (alone / "taken" / "mine").write_text("")
    for name in ("fit_classifier", "fit_network"):
        monkeypatch.setattr(f"autoencoder.training.{'classify' if 'class' in name else 'fit'}.{name}", None)
    with pytest.raises(UsageError, match="already holds something"):
        Classifier(ae, save_dir="taken").fit(images, classes)
    with pytest.raises(UsageError, match="already holds something"):
        Restorer(tile_side=24, step_size=24, save_dir="taken").fit(*pairs)
    with pytest.raises(UsageError, match="--tile_side=48 is larger than the smallest image"):
        Restorer().fit(*pairs)
    with pytest.raises(UsageError, match="already holds something"):
        Clusterer("kmeans", k=3).fit(ae.transform(images)).save("taken")


def test_a_clustering_s_encoder_is_no_run(ae, images, alone):
    Clusterer("kmeans", k=3, encoder=ae).fit(images).save("clusters")
    loaded = load("clusters")
    assert (loaded.encoder.run_, loaded.encoder.scores_) == (None, {})
    assert {path.name for path in (alone / "clusters").iterdir()} == {
        *("clustering.json", "clustering.npz", "clusters.csv", "encoder.keras", "provenance.json", "scores.json"),
        ".encoder.keras.sha256",
    }
    with pytest.raises(ValueError, match="not fitted"):
        Clusterer().save("nothing")
    with pytest.raises(ModelFileError, match="only an encoder"):
        Clusterer("idec", k=3, encoder=loaded.encoder).fit(images)
