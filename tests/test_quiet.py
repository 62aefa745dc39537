"""No command shows a line of TensorFlow, of absl or of a library's warnings: its own are all that is on the screen."""

import shutil
from pathlib import Path

import pytest

FORMER = Path(__file__).parent / "former"
RUN, CLASSIFIER, RESTORER = (f"logs/{name}_20260101_120000" for name in ("ae", "classifier", "restorer"))
GRID = "grid: {filters: [[2], [3], [4], [5], [6]]}\ntrain_epochs: 2\ndims: [3]\nvalid_dir: digits/valid\n"
PAIRS = ("--modified=pairs/mod", "--original=pairs/orig", "--step_size=24", "--filters=[4]", "--train_epochs=1")
CLUSTERS = f"{RUN}/clusters/kmeans_k3"

#: Where several commands share what they import, one of them is tested each time and all of them in the long tests.
COMMANDS = {
    "assign": ("assign", CLUSTERS, "--images=digits/valid", "--export=sorted"),
}
MORE_COMMANDS = {
    "a grid of five runs": ("run", "--config=grid.yml", "--train_dir=digits/train"),
    "dry run": ("run", "--dry_run", "--train_dir=digits/train"),
    "run": ("run", "--train_dir=digits/train", "--train_epochs=2", "--augment=rotate", "--contrast=0.1", "--h5"),
    "sort": ("sort", "--train_dir=digits/train", "--train_epochs=1", "--k=3", "--method=umap_gmm"),
    "encode": ("encode", RUN),
    "cluster": ("cluster", RUN),
    "cluster by a deep method": ("cluster", RUN, "--k=3", "--method=self_label", "--rounds=1"),
    "export to TensorFlow": ("export", RUN, "--format=saved_model"),
    "export to TensorFlow Lite": ("export", RUN, "--format=tflite"),
    "export to ONNX": ("export", RUN, "--format=onnx"),
    "restore_train": ("restore_train", *PAIRS),
    "restore": ("restore", RESTORER, "--images=pairs/mod", "--out=clean"),
    "classify": ("classify", RUN, "--train_dir=digits/train", "--epochs=1"),
    "predict": ("predict", CLASSIFIER, "--images=digits/valid"),
    "evaluate": ("evaluate", RUN, "--images=digits/valid"),
    "report": ("report", RUN, "--images=digits/train"),
    "similar": ("similar", RUN, "digits/valid/2/142.png", "--images=digits/train"),
    "outliers": ("outliers", RUN, "--images=digits/train"),
    "duplicates": ("duplicates", RUN, "--images=digits/valid"),
    "suspects": ("suspects", RUN, "--images=digits/train"),
    "label_next": ("label_next", RUN, "--count=4", "--images=digits/train"),
    "runs": ("runs",),
    "show": ("show", RUN),
    "clean": ("clean", "--dry_run"),
    "sweep": ("sweep", "--train_dir=digits/train", "--train_epochs=1", "--trials=2", "--space=filters=[[2],[4]]"),
    "import_data": ("import_data", "digits/train", "--out=imported"),
}


def told(program, tmp_path, words):
    shutil.copytree(FORMER, tmp_path / "former")
    (tmp_path / "former" / "grid.yml").write_text(GRID)
    result = program(*words, cwd=tmp_path / "former")
    return result.returncode, result.stderr, result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_but_its_own_lines(program, tmp_path, name):
    status, errors, lines = told(program, tmp_path, COMMANDS[name])
    assert (status, errors) == (0, "")
    assert lines and not any(word in lines for word in ("absl", "oneDNN", "cuda", "Warning", "retracing"))


@pytest.mark.long
@pytest.mark.parametrize("name", MORE_COMMANDS)
def test_nothing_but_its_own_lines_of_every_command(program, tmp_path, name):
    status, errors, _ = told(program, tmp_path, MORE_COMMANDS[name])
    assert errors == "" and status == 0


@pytest.mark.slow
def test_the_page_of_an_encoder_that_needs_no_tensorflow_is_as_quiet(program, tmp_path):
    told(program, tmp_path, ("export", RUN, "--format=onnx"))
    result = program("report", f"{RUN}/encoder.onnx", "--images=digits/train", cwd=tmp_path / "former")
    assert (result.returncode, result.stderr) == (0, "")


def test_every_command_is_among_them():
    from autoencoder.cli.main import COMMANDS as ALL

    assert {words[0] for words in [*COMMANDS.values(), *MORE_COMMANDS.values()]} == set(ALL)
