"""What stands in the page's data: every array as it is said to be, and nothing that JSON cannot hold."""

import base64
import json

import numpy as np
import pytest

from autoencoder.page.summary import Found, Grouping, Picture, Rebuilt, Shown, Sweep, Walk, most_bytes, summarize, typed

COUNT, NEAR = 7, 3
IMAGE = np.zeros((8, 8, 1), np.uint8)


def array_of(kept: dict) -> np.ndarray:
    """Read an array as the page does."""
    values = np.frombuffer(base64.b64decode(kept["data"]), np.dtype(kept["dtype"]).newbyteorder("<"))
    return values.reshape(kept["shape"])


@pytest.fixture
def shown() -> Shown:
    rng = np.random.default_rng(0)
    return Shown(
        pixels=rng.integers(0, 256, (COUNT, 8, 8, 1)).astype(np.uint8),
        paths=[f"a/{number}.png" for number in range(COUNT)],
        root="/photos",
        labels=["b", "a", "a", "b", "c", "a", "b"],
        errors=np.linspace(0, 1, COUNT),
        points=rng.normal(size=(COUNT, 2)) * (40, 10),
        neighbours=np.tile(np.arange(NEAR), (COUNT, 1)),
        quality={"sharpness": np.arange(COUNT)},
    )


@pytest.fixture
def full(shown) -> Found:
    grouping = Grouping(
        name="kmeans_k2",
        method="kmeans",
        k=2,
        fingerprint="0" * 16,
        scores={"stability": 0.5, "silhouette": None, "davies_bouldin": float("nan"), "sizes": {"0": 4}},
        labels=np.array([0, 0, 0, 0, 1, 1, -1]),
        confidence=np.array([0, 0.5, 1, 1.0005, 0, 0, 0]),
        names={0: "shoe"},
        tree=np.array([[0.0, 1.0, 2.5, 2.0]]),
    )
    return Found(
        title="ae",
        program="flexae 0.1.0",
        command="flexae report ae",
        sentences=["one"],
        warnings=[],
        left_out=[(f"{number}.png", "is empty") for number in range(300)],
        settings={"training": {"filters": [16, 32], "loss": "mse", "max_images": None}},
        scores={"valid_mse": float("inf"), "epochs": 3},
        images=shown,
        history={"epoch": [1.0, 2.0], "loss": [0.5, float("nan")]},
        best_epoch=1,
        pictures=[Picture("Loss", "a curve", np.zeros((4, 4, 3), np.uint8))],
        clusterings=[grouping],
        worst=[Rebuilt(6, 1.0, IMAGE, IMAGE)],
        walk=Walk(0, 4, np.stack([IMAGE] * 9)),
        sweeps=[Sweep(3, -1.0, 1.0, np.stack([IMAGE] * 9))],
        duplicates=[[1, 2]],
        outliers=[6],
    )


def test_every_array_has_the_type_and_the_shape_that_it_says(full):
    data = summarize(full)
    images, (clustering,) = data["images"], data["clusterings"]
    expected = {
        "xy": (images["xy"], np.float32, (COUNT, 2)),
        "neighbours": (images["neighbours"]["of"], np.uint32, (COUNT, NEAR)),
        "classes": (images["classes"]["of"], np.int32, (COUNT,)),
        "error": (images["error"], np.float32, (COUNT,)),
        "sharpness": (images["quality"]["sharpness"], np.float32, (COUNT,)),
        "labels": (clustering["labels"], np.int32, (COUNT,)),
        "confidence": (clustering["confidence"], np.float32, (COUNT,)),
    }
    for name, (kept, kind, shape) in expected.items():
        assert (array_of(kept).dtype, array_of(kept).shape) == (kind, shape), name
    assert images["count"] == COUNT == len(images["paths"]) and images["neighbours"]["k"] == NEAR
    assert array_of(clustering["labels"]).tolist() == [0, 0, 0, 0, 1, 1, -1]
    assert array_of(clustering["confidence"]).max() == 1


def test_the_whole_is_json_without_what_only_python_reads(full):
    data = summarize(full)
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["version"] == 1
    assert data["scores"] == {"valid_mse": None, "epochs": 3}
    assert data["clusterings"][0]["scores"] == {"stability": 0.5, "davies_bouldin": None}
    assert data["clusterings"][0]["names"] == {"0": "shoe"} and data["clusterings"][0]["tree"] == [[0, 1, 2.5, 2]]
    assert data["history"] == {"epoch": [1.0, 2.0], "columns": {"loss": [0.5, None]}, "best_epoch": 1}
    assert data["settings"] == {"training": {"filters": "[16, 32]", "loss": "mse", "max_images": "none"}}
    assert data["images"]["classes"]["names"] == ["a", "b", "c"]
    assert array_of(data["images"]["classes"]["of"]).tolist() == [1, 0, 0, 1, 2, 0, 1]
    assert (data["left_out"]["count"], len(data["left_out"]["files"])) == (300, 200)
    assert (data["walk"]["from"], data["walk"]["to"], len(data["walk"]["steps"])) == (0, 4, 9)


def test_what_there_is_not_is_left_out(shown):
    bare = Shown(
        pixels=shown.pixels, paths=shown.paths, root="/", labels=None, errors=None, points=shown.points,
        neighbours=shown.neighbours,
    )  # fmt: skip
    data = summarize(
        Found(
            title="", program="", command="", sentences=[], warnings=[], left_out=[], settings={}, scores={},
            images=bare,
        )
    )  # fmt: skip
    assert not {"history", "walk", "numbers"} & set(data)
    assert set(data["images"]) == {"count", "paths", "root", "xy", "neighbours", "atlas"}
    assert data["clusterings"] == data["worst"] == data["duplicates"] == data["outliers"] == []


def test_the_map_lies_in_the_unit_square_and_keeps_its_proportions(shown, full):
    xy = array_of(summarize(full)["images"]["xy"])
    assert xy.min() >= 0 and xy.max() <= 1
    sides, own = np.ptp(xy, axis=0), np.ptp(shown.points, axis=0)
    assert sides.max() == pytest.approx(1) and sides.min() == pytest.approx(own.min() / own.max(), rel=1e-5)


def test_one_place_for_all_is_the_middle(shown):
    from dataclasses import replace

    data = summarize(
        Found(
            title="", program="", command="", sentences=[], warnings=[], left_out=[], settings={}, scores={},
            images=replace(shown, points=np.full((COUNT, 2), 3.0)),
        )
    )  # fmt: skip
    assert (array_of(data["images"]["xy"]) == 0.5).all()


def test_numbers_are_little_endian():
    assert base64.b64decode(typed([1, 256], "uint16")["data"]) == b"\x01\x00\x00\x01"
    assert base64.b64decode(typed(np.array([1.0], ">f4"), "float32")["data"]) == b"\x00\x00\x80\x3f"


@pytest.mark.parametrize(("count", "most"), [(1, 15e6), (10_000, 15e6), (70_000, 40e6), (10**7, 40e6)])
def test_how_many_bytes_a_page_may_have(count, most):
    assert most_bytes(count) == most
