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


class TestControlGroups:
    @pytest.fixture
    def root(self, tmp_path):
        (tmp_path / "groups" / "outer" / "inner").mkdir(parents=True)
        (tmp_path / "own").write_text("0::/outer/inner\n")
        return tmp_path / "groups"

    def write(self, group, most, used, cache=0):
        (group / "memory.max").write_text(f"{most}\n")
        (group / "memory.current").write_text(f"{used}\n")
        (group / "memory.stat").write_text(f"anon 5\ninactive_file {cache}\nfile 7\n")

    def free(self, root):
        return memory._of_container(root, root.parent / "own")

    def test_without_any_there_is_no_limit(self, root):
        assert self.free(root) == 2**63 - 1

    def test_the_page_cache_does_not_count_as_used(self, root):
        self.write(root, 1000, 900, 600)
        assert self.free(root) == 700

    def test_the_narrowest_of_the_own_group_and_those_above_it_counts(self, root):
        self.write(root / "outer" / "inner", "max", 10)
        self.write(root / "outer", 500, 100, 50)
        self.write(root, 1000, 100)
        assert self.free(root) == 450
        self.write(root / "outer" / "inner", 100, 40)
        assert self.free(root) == 60

    def test_more_than_the_limit_leaves_nothing(self, root):
        self.write(root, 100, 200)
        assert self.free(root) == 0

    def test_version_1_is_read_too(self, root):
        (root.parent / "own").write_text("5:memory:/docker/abc\n1:name=systemd:/\n")
        group = root / "memory" / "docker" / "abc"
        group.mkdir(parents=True)
        (group / "memory.limit_in_bytes").write_text("1000")
        (group / "memory.usage_in_bytes").write_text("700")
        (group / "memory.stat").write_text("total_inactive_file 200\n")
        assert self.free(root) == 500
