import json

import numpy as np
import pytest

from autoencoder.errors import ModelFileError, UsageError
from autoencoder.storage.clustering import ClusterFolder, fingerprint
from autoencoder.storage.corrections import (
    find_corrected,
    is_corrections,
    labels_from_corrections,
    read_corrections,
    read_members,
)

PATHS = ("=sum.png", "a b.png", "a,b.png", 'say "hi".png', " blank.png", "caf\udce9.png")
LABELS = [0, 0, 1, 1, 2, 2]
PRINT = fingerprint(PATHS, LABELS)


@pytest.fixture
def run(tmp_path):
    """A run with two clusterings, of which only what tells them apart is there."""
    from autoencoder.storage.csv_files import write_csv

    for name, labels in (("kmeans_k3", LABELS), ("kmeans_k2", [0, 0, 0, 1, 1, 1])):
        folder = tmp_path / "run" / "clusters" / name
        folder.mkdir(parents=True)
        (folder / "clustering.json").write_text(json.dumps({}))
        rows = zip(PATHS, labels, strict=True)
        write_csv(folder / "clusters.csv", [("path", "cluster", "name"), *((*row, "") for row in rows)])
    return tmp_path / "run"


def written(run, *rows, head="clustering,path,cluster"):
    file = run.parent / "corrections.csv"
    file.write_text("\r\n".join([head, *rows]) + "\r\n", encoding="utf-8", errors="surrogateescape", newline="")
    return file


def test_wishes_are_read_and_applied(run):
    file = written(
        run, f"{PRINT},./=sum.png,2", f'{PRINT},"a,b.png",-1', f'{PRINT},"say ""hi"".png",3', f"{PRINT}, blank.png,0"
    )
    assert is_corrections(file)
    found = find_corrected(read_corrections(file), run)
    assert found.folder.path.name == "kmeans_k3" and found.members.paths == PATHS
    assert found.after.tolist() == [2, 0, -1, 3, 0, 2]
    own = find_corrected(read_corrections(file), run / "clusters" / "kmeans_k3")
    assert own.after.tolist() == found.after.tolist()


def test_labels_are_the_names_of_the_wanted_clusters(run):
    file = written(run, f"{PRINT},./=sum.png,2", f'{PRINT},"a,b.png",-1')
    labels = labels_from_corrections(file, {0: "zero", 2: "two", -1: "never"}, run)
    assert labels == {"=sum.png": "two", "a b.png": "zero", " blank.png": "two", "caf\udce9.png": "two"}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["0123456789abcdef,a b.png,1"], r"corrects the clustering 0123456789abcdef, and .* holds .*kmeans_k3 \("),
        ([f"{PRINT},gone.png,1"], r"1 of its 1 paths are not in the clustering \(gone.png\)"),
        ([f"{PRINT},a b.png,1", f"{PRINT},a b.png,2"], "shall be in cluster 1 and in 2"),
        ([f"{PRINT},a b.png,-2"], "line 2: -2 is no cluster"),
        ([f"{PRINT},a b.png,99999"], "far above the 3 that there are; number new clusters from 3 on"),
        ([f"{PRINT},a b.png,one"], "'one' is no cluster's number"),
        ([f"{PRINT},a b.png,1", f"{PRINT},a"], "line 3 has 2 cells"),
        ([f'{PRINT},"a b.png,1'], "line 2 has 2 cells"),
        ([f"{PRINT},,1"], "line 2: has no path"),
        ([], "holds no correction"),
        ([f"{PRINT},a b.png,1", "0123456789abcdef,a b.png,1"], "several clusterings"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(run, rows, said):
    with pytest.raises(UsageError, match=said) as caught:
        find_corrected(read_corrections(written(run, *rows)), run)
    assert str(caught.value).startswith("--corrections=") and "\n" not in str(caught.value)


def test_a_column_that_is_missing_is_asked_for(run):
    with pytest.raises(UsageError, match=r"no column cluster; .* did you mean cluster by clusters\?"):
        read_corrections(written(run, f"{PRINT},a b.png,1", head="clustering,path,clusters"))
    with pytest.raises(UsageError, match="can't be read"):
        read_corrections(run / "nothing.csv")


def test_a_file_twice_of_one_wish_is_fine(run):
    assert read_corrections(written(run, f"{PRINT},a b.png,1", f"{PRINT},a b.png,1")).wanted == {"a b.png": 1}


def test_labels_need_names_and_a_run(run):
    file = written(run, f"{PRINT},a b.png,1")
    with pytest.raises(UsageError, match="--names"):
        labels_from_corrections(file, {}, run)
    with pytest.raises(UsageError, match="the run whose clustering"):
        labels_from_corrections(file, {0: "zero"}, None)


def test_a_damaged_table_is_refused(run):
    folder = ClusterFolder(run / "clusters" / "kmeans_k3")
    assert read_members(folder).labels.dtype == np.int32
    folder.table.write_text("path,cluster\na.png,none\n")
    with pytest.raises(ModelFileError, match="missing or damaged"):
        read_members(folder)
