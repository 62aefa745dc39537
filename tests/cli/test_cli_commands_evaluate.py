import json

import pytest

from autoencoder.cli.main import Autoencoder, plan
from autoencoder.errors import UsageError
from autoencoder.storage.provenance import read_provenance
from autoencoder.workflows import evaluation_classifier

TINY = {"filters": [4], "dims": [3], "train_epochs": 1, "verbose": 0}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evaluation_classifier, "_EPOCHS", 1)
    return tmp_path


@pytest.fixture
def run(folders):
    return Autoencoder(**TINY, train_dir=folders / "train").run()


@pytest.mark.slow
def test_the_scores_are_printed_and_kept_with_what_made_them(run, folders, capsys):
    table = Autoencoder().evaluate("latest", images=folders / "valid")
    assert table == run.path / "evaluation" / "valid.json"
    scores, printed = json.loads(table.read_text()), capsys.readouterr().out
    assert f"mse  {scores['mse']:.6f}  (a PCA of 3 numbers: {scores['pca_mse']:.6f})" in printed
    assert f"classifier accuracy {scores['classifier_accuracy']:.4f} on reconstructions" in printed
    assert "an evaluation classifier learns 60 images of 3 classes, once" in printed and str(table) in printed
    made = read_provenance(table.with_name("valid.provenance.json"))
    assert made.command == "evaluate" and made.finished and made.source["count"] == 15
    assert made.encoder["file"].endswith("autoencoder.keras")


@pytest.mark.slow
def test_the_same_evaluation_takes_the_same_place_and_the_same_classifier(run, folders, capsys):
    first = Autoencoder().evaluate(run.path, images=folders / "valid")
    before = first.read_bytes()
    capsys.readouterr()
    assert Autoencoder().evaluate(run.path, images=folders / "valid") == first
    assert first.read_bytes() == before
    assert "is used again" in capsys.readouterr().out
    other = Autoencoder().evaluate(run.path, images=folders / "valid", max_images=2)
    assert other.name == "valid_2.json" and json.loads(other.read_text())["images"] == 6
    assert Autoencoder().evaluate(run.path, images=folders / "valid", max_images=3, overwrite=True) == first


@pytest.mark.slow
def test_one_image_and_files_that_cannot_be_used(run, folders):
    one = next((folders / "valid" / "0").iterdir())
    assert json.loads(Autoencoder().evaluate(run.path, images=one).read_text())["images"] == 1
    (folders / "valid" / "0" / "bad.png").write_bytes(b"no image")
    table = Autoencoder().evaluate(run.path, images=folders / "valid")
    assert "0/bad.png" in table.with_suffix(".bad_files.csv").read_text()


@pytest.mark.slow
def test_what_holds_no_autoencoder_is_refused(run, folders):
    def refuse(name, match):
        with pytest.raises(UsageError, match=match):
            Autoencoder().evaluate(name, images=folders / "valid")

    refuse(run.encoder, "is a file, and this command needs a whole autoencoder")
    refuse("nowhere", "no such run")
    clustered = Autoencoder(verbose=0, epochs=1).classify(run.path, train_dir=folders / "train")
    refuse(clustered.path, "was made by classify")
    run.autoencoder.unlink()
    refuse(run.path, "holds an encoder alone, which rebuilds no image")
    refuse("latest", "there is no run in logs/ yet that will do")


@pytest.mark.slow
def test_a_run_of_restore_train_scores_itself(run, folders):
    made = json.loads(run.provenance_file.read_text()) | {"command": "restore_train"}
    run.provenance_file.write_text(json.dumps(made))
    with pytest.raises(UsageError, match=r"was made by restore_train, which scores its own test images in test_images"):
        Autoencoder().evaluate(run.path, images=folders / "valid")


def test_images_must_be_named():
    with pytest.raises(UsageError, match="--images"):
        plan(["evaluate", "latest"])
