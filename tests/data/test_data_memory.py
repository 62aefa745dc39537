from pathlib import Path

import pytest

from autoencoder.data import memory


@pytest.mark.parametrize(("color", "size"), [("grayscale", 60), ("rgb", 180)])
def test_the_plan_compares_the_images_with_the_limit(color, size):
    assert memory.memory_plan(5, (3, 4), color, size) == (size, size, False)
    assert memory.memory_plan(5, (3, 4), color, size - 1) == (size, size - 1, True)


def test_half_of_what_is_available_is_the_limit(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    assert memory.memory_plan(1, (20, 25), "grayscale") == (500, 500, False)
    assert memory.memory_plan(1, (20, 26), "grayscale").mapped


def test_some_memory_is_available():
    assert 2**20 < memory.available_memory() < 2**50


def test_a_machine_that_says_little_still_gives_a_number(monkeypatch):
    monkeypatch.setattr(memory, "_FACTS", Path("does not exist"))
    assert 2**20 < memory._of_machine() < 2**50


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({"memory.max": "1000\n", "memory.current": "400\n"}, 600),
        ({"memory.max": "1000\n", "memory.current": "4000\n"}, 0),
        ({"memory.max": "max\n", "memory.current": "400\n"}, 2**63 - 1),
        ({"memory/memory.limit_in_bytes": "900\n", "memory/memory.usage_in_bytes": "1\n"}, 899),
        ({}, 2**63 - 1),
    ],
)
def test_a_container_limits_what_is_available(tmp_path, files, left):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert memory._of_container(tmp_path) == left
