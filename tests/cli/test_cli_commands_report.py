"""`report` from the command line and from Python: every kind of run, hostile names, and images that are gone."""

import base64
import csv
import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

import autoencoder
from autoencoder.cli.main import main
from autoencoder.errors import UsageError
from autoencoder.workflows import map_points

NAMES = [
    "plain.png",
    "<script>alert(1)<",
    "a\"b'c",
    "line\nbreak",
    "\N{GRINNING FACE}",
    "not utf-8 \udcff",
    "=1+1",
    "a,b",
]


def data_of(path: Path) -> dict:
    """The data of a page, as a browser finds them."""
    (text,) = re.findall(r'id="data">(.*?)</script>', path.read_text(encoding="utf-8"), re.DOTALL)
    return json.loads(text)


def array_of(kept: dict) -> np.ndarray:
    values = np.frombuffer(base64.b64decode(kept["data"]), np.dtype(kept["dtype"]).newbyteorder("<"))
    return values.reshape(kept["shape"])


def write_images(folder: Path, shape=(16, 12, 3), names=None, count=24) -> Path:
    """Blobs of two kinds, under names that no page may stumble over."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(count):
        image = rng.integers(0, 60, shape).astype(np.uint8)
        image[: shape[0] // 2 if number % 2 else shape[0], : shape[1] // 2] += 150
        stem = (names or NAMES)[number % len(names or NAMES)]
        (folder / f"{number:02d}{stem}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return folder


def run_of(folder: Path, save_dir: Path, *flags: str) -> Path:
    words = [f"--train_dir={folder}", "--train_epochs=1", "--filters=[2]", "--dims=[3]", f"--save_dir={save_dir}"]
    assert main(["run", *words, "--verbose=0", *flags]) == 0
    return save_dir


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder of images with hostile names, and a run on them that has two clusterings."""
    place = tmp_path_factory.mktemp("report")
    images = write_images(place / "photos")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        run = run_of(images, place / "logs" / "ae")
        for k in (2, 3):
            assert main(["cluster", str(run), f"--k={k}"]) == 0
    return place


@pytest.fixture
def here(world, monkeypatch, tmp_path):
    """A copy of that world, to be changed."""
    copy = Path(shutil.copytree(world, tmp_path / "world"))
    for file in copy.rglob("settings.yml"):
        file.write_text(file.read_text().replace(str(world), str(copy)))
    for file in copy.rglob("provenance.json"):
        file.write_text(file.read_text().replace(str(world), str(copy)))
    monkeypatch.chdir(copy)
    return copy


def test_the_page_holds_the_run_its_images_and_its_clusterings(here, capsys):
    assert main(["report", "latest"]) == 0
    page = here / "logs" / "ae" / "report.html"
    assert str(Path("logs", "ae", "report.html")) in capsys.readouterr().out
    data = data_of(page)
    images = data["images"]
    assert images["count"] == 24 and images["paths"] == sorted(path.name for path in (here / "photos").iterdir())
    assert images["root"] == str(here / "photos") and "classes" not in images
    near = array_of(images["neighbours"]["of"])
    assert near.shape == (24, 12) and not (near == np.arange(24)[:, None]).any()
    assert array_of(images["xy"]).shape == (24, 2) and (array_of(images["error"]) > 0).all()
    assert [each["name"] for each in data["clusterings"]] == ["kmeans_k3", "kmeans_k2"], "the newest first"
    assert [len(each["tree"]) for each in data["clusterings"]] == [2, 1]
    assert re.fullmatch("[0-9a-f]{16}", data["clusterings"][0]["fingerprint"])
    worst = array_of(images["error"])[[each["row"] for each in data["worst"]]]
    assert len(worst) == 24 and (np.diff(worst) <= 0).all()
    newest = array_of(data["clusterings"][0]["labels"])
    assert [newest[data["walk"][end]] for end in ("from", "to")] == [0, 1] and len(data["walk"]["steps"]) == 9
    for each in data["numbers"]:
        assert each["low"] < each["high"] and len(each["steps"]) == 9
    assert len(data["sentences"]) == 3 and "24 images" in data["sentences"][0] and "3 groups" in data["sentences"][0]
    assert data["sentences"][2] == "No file was left out."
    assert data["settings"]["architecture"]["dims"] == "[3]" and data["scores"]["epochs"] == 1
    assert data["history"]["epoch"] == [1] and set(data["history"]["columns"]) >= {"loss", "val_loss"}
    titles = [each["title"].split()[0] for each in data["pictures"]]
    assert titles == ["Validation", "Training"], "the page draws the loss itself"


def test_neighbours_are_the_nearest_of_all(here):
    autoencoder.report("latest")
    near = array_of(data_of(here / "logs/ae/report.html")["images"]["neighbours"]["of"])
    table = autoencoder.load("latest").transform(here / "photos").vectors
    distances = np.linalg.norm(table[:, None] - table[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    rows = np.arange(24)[:, None]
    np.testing.assert_allclose(distances[rows, near], np.sort(distances, axis=1)[:, :12], rtol=1e-3, atol=1e-5)


def test_the_library_returns_the_path_and_computes_the_map_once(here, monkeypatch):
    first = data_of(autoencoder.report("latest"))

    def computed(*_, **__):
        pytest.fail("the map was kept")

    monkeypatch.setattr(map_points, "project_umap", computed)
    path = autoencoder.report(here / "logs" / "ae")
    assert path.name == "report.html" and data_of(path)["images"]["xy"] == first["images"]["xy"]


@pytest.mark.slow
def test_other_images_get_a_name_that_tells(here):
    other = write_images(here / "new" / "pictures", names=["x"], count=5)
    path = autoencoder.report("latest", other)
    assert path.name == "report_pictures.html"
    data = data_of(path)
    assert data["images"]["count"] == 5 and data["clusterings"] == [] and data["images"]["neighbours"]["k"] == 4
    assert autoencoder.report("latest", other) == path
    another = write_images(here / "old" / "pictures", names=["y"], count=6)
    assert autoencoder.report("latest", another).name == "report_pictures_2.html"


def test_a_file_that_cannot_be_read_is_said_to_be_left_out(here):
    (here / "photos" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    data = data_of(autoencoder.report("latest"))
    assert data["left_out"]["count"] == 1 and data["left_out"]["files"][0]["path"] == "torn.png"
    assert data["sentences"][2].startswith("1 file was left out: ")
    assert len(data["clusterings"]) == 2


def test_an_image_that_is_gone_leaves_a_gap_or_is_shown_as_it_was_decoded(here):
    gone = here / "photos" / "00plain.png.png"
    content = gone.read_bytes()
    gone.unlink()
    data = data_of(autoencoder.report("latest"))
    assert data["images"]["count"] == 23 and len(data["clusterings"]) == 2
    assert data["left_out"]["files"] == [{"path": gone.name, "reason": "was clustered, and is not there any more"}]
    gone.write_bytes(content)
    whole = data_of(autoencoder.report("latest"))
    gone.unlink()
    data = data_of(autoencoder.report("latest"))
    assert data["images"]["paths"] == whole["images"]["paths"] and data["left_out"]["count"] == 0
    assert data["warnings"][0].startswith("1 file that was clustered is not there any more")
    assert data["clusterings"][0]["fingerprint"] == whole["clusterings"][0]["fingerprint"]


def test_a_folder_that_is_gone_is_shown_as_it_was_decoded_or_refused(here, capsys):
    shutil.move(here / "photos", here / "moved")
    assert main(["report", "latest"]) == 3
    assert "is not there any more" in capsys.readouterr().err
    shutil.move(here / "moved", here / "photos")
    whole = data_of(autoencoder.report("latest"))
    shutil.move(here / "photos", here / "moved")
    data = data_of(autoencoder.report("latest"))
    assert data["images"]["paths"] == whole["images"]["paths"] and len(data["clusterings"]) == 2
    assert data["images"]["atlas"] == whole["images"]["atlas"]
    assert data["warnings"][0].startswith("The images' folder is not there any more")


def test_a_damaged_clustering_is_told_of_and_the_rest_is_shown(here):
    (here / "logs/ae/clusters/kmeans_k3/clustering.npz").write_bytes(b"")
    data = data_of(autoencoder.report("latest"))
    assert [each["name"] for each in data["clusterings"]] == ["kmeans_k2"]
    assert any("kmeans_k3 is not shown" in each for each in data["warnings"])


@pytest.mark.slow
def test_names_that_a_person_wrote_are_on_the_page(here):
    file = here / "logs/ae/clusters/kmeans_k3/names.csv"
    file.write_text("cluster,name\n1,<b>shoe< & co\n", encoding="utf-8")
    data = data_of(autoencoder.report("latest"))
    assert [each["names"] for each in data["clusterings"]] == [{"1": "<b>shoe< & co"}, {}]
    assert main(["cluster", "latest", "--k=4", f"--names={file}"]) == 0
    data = data_of(autoencoder.report("latest"))
    assert [each["names"] for each in data["clusterings"]] == [{"1": "<b>shoe< & co"}, {"1": "<b>shoe< & co"}, {}]
    file.write_text("cluster,name\n1,a/b\n", encoding="utf-8")
    data = data_of(autoencoder.report("latest"))
    assert data["clusterings"][1]["names"] == {} and "names of kmeans_k3 are not shown" in " ".join(data["warnings"])


@pytest.mark.slow
def test_a_corrected_clustering_is_said_to_be_one(here):
    data = data_of(autoencoder.report("latest"))
    print_, paths = data["clusterings"][0]["fingerprint"], data["images"]["paths"]
    labels = array_of(data["clusterings"][0]["labels"])
    rows = np.flatnonzero(labels == 2)
    with (here / "corrections.csv").open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        table = csv.writer(file)
        table.writerow(["clustering", "path", "cluster"])
        table.writerows([print_, f"./{paths[row]}", 0] for row in rows)
    (here / "names.csv").write_text("cluster,name\n0,both\n")
    autoencoder.correct_clusters("latest", here / "corrections.csv", here / "names.csv")
    data = data_of(autoencoder.report("latest"))
    corrected = data["clusterings"][0]
    assert corrected["name"] == "kmeans_k3_corrected" and corrected["scores"]["parent"] == "kmeans_k3"
    assert corrected["names"] == {"0": "both"} and corrected["k"] == 2
    assert array_of(corrected["labels"]).tolist() == np.where(labels == 2, 0, labels).tolist()
    assert data["sentences"][0].endswith(
        f"; a person moved {len(rows)} of them from where kmeans_k3 had put them, which gives 2 groups."
    )
    assert "nobody told it" not in data["sentences"][0] and "the person who corrected them" in data["sentences"][1]


@pytest.mark.slow
def test_names_with_blanks_around_them_are_in_their_clusters(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images = write_images(tmp_path / "photos", names=["x"], count=8)
    (images / "00x.png").rename(images / " blank before.png")
    (images / "01x.png").rename(images / "\u2028.png")
    run = run_of(images, tmp_path / "logs" / "ae")
    assert main(["cluster", str(run), "--k=2"]) == 0
    data = data_of(autoencoder.report(run))
    assert [each["name"] for each in data["clusterings"]] == ["kmeans_k2"] and data["left_out"]["count"] == 0
    autoencoder.report(run)
    (images / " blank before.png").unlink()
    data = data_of(autoencoder.report(run))
    assert data["images"]["count"] == 8 and data["clusterings"] != [], "as it was decoded"


def test_an_encoder_alone_has_no_reconstructions(here):
    for name in ("decoder.keras", "autoencoder.keras"):
        (here / "logs/ae" / name).unlink()
    data = data_of(autoencoder.report(here / "logs/ae/encoder.keras"))
    assert data["images"]["count"] == 24 and "error" not in data["images"]
    assert data["worst"] == [] and not {"walk", "numbers"} & set(data)
    assert "There is no decoder beside this encoder, so no reconstructions are shown." in data["warnings"]


def test_a_run_that_was_cut_off_is_refused_or_shown_as_such(here):
    run = here / "logs/ae"
    for name in ("scores.json", "history.csv", "loss.png", "comparison_valid.png", "comparison_train.png"):
        (run / name).unlink()
    made = json.loads((run / "provenance.json").read_text())
    (run / "provenance.json").write_text(json.dumps(made | {"finished": False}))
    data = data_of(autoencoder.report(run))
    assert data["warnings"][0].startswith("The training was cut off") and data["images"]["count"] == 24
    assert data["scores"] == {} and data["pictures"] == [] and "history" not in data
    (run / "encoder.keras").unlink()
    with pytest.raises(UsageError, match="is not finished"):
        autoencoder.report(run)


def test_it_is_opened_in_a_browser(here, monkeypatch):
    import webbrowser

    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    assert main(["report", "latest", "--open"]) == 0
    assert opened == [(here / "logs/ae/report.html").as_uri()]


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(8, 8), (6, 10, 3)])
def test_class_folders_gray_and_wide_images(tmp_path, monkeypatch, shape):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        write_images(tmp_path / "photos" / name, shape, names=["x"], count=6)
    run = run_of(tmp_path / "photos", tmp_path / "logs" / "ae")
    data = data_of(autoencoder.report(run))
    assert data["images"]["classes"]["names"] == ["a", "b"]
    assert array_of(data["images"]["classes"]["of"]).tolist() == [0] * 6 + [1] * 6
    assert data["images"]["atlas"]["tile"] == max(shape[:2]) and data["clusterings"] == []
    assert data["walk"]["from"] != data["walk"]["to"]
    assert "nothing has sorted them" in data["sentences"][0]


@pytest.mark.slow
def test_sort_writes_it_too(here):
    words = [f"--train_dir={here / 'photos'}", "--train_epochs=1", "--filters=[2]", "--dims=[3]", "--k=2"]
    assert main(["sort", *words, f"--save_dir={here / 'sorted'}", "--verbose=0"]) == 0
    data = data_of(here / "sorted" / "report.html")
    assert [each["name"] for each in data["clusterings"]] == ["kmeans_k2"] and "error" in data["images"]
    again = data_of(autoencoder.report(here / "sorted"))
    assert again["clusterings"] == data["clusterings"] and again["images"]["paths"] == data["images"]["paths"]
