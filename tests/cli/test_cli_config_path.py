"""`--config` names a file, or a recipe that comes with the program."""

from pathlib import Path

import pytest

from autoencoder.cli.config_path import config_path, recipes
from autoencoder.cli.main import plan
from autoencoder.errors import UsageError

RECIPES = Path(__file__).parents[2] / "recipes"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_recipe_is_found_by_its_name_from_any_folder():
    assert {name: path.read_text() for name, path in recipes().items()} == {
        path.stem: path.read_text() for path in RECIPES.glob("*.yml")
    }
    for name in recipes():
        assert config_path(name).read_text() == (RECIPES / f"{name}.yml").read_text()


def test_a_command_takes_its_flags_and_flags_given_win():
    data, architecture, *_ = plan(["run", "--config=coco_vanilla", "--dims=[7]", "--mlp=True"]).settings
    assert data.image_shape == (200, 200) and architecture.dims == (7,)


@pytest.mark.parametrize("name", ["coco_vanilla", "coco_vanilla.yml", "inside/own.yml"])
def test_a_file_of_that_name_comes_first(elsewhere, name):
    (elsewhere / name).parent.mkdir(exist_ok=True)
    (elsewhere / name).write_text("seed: 77\n")
    assert plan(["run", f"--config={name}"]).settings[2].seed == 77


def test_a_folder_of_that_name_does_not_hide_the_recipe(elsewhere):
    (elsewhere / "coco_vanilla").mkdir()
    assert config_path("coco_vanilla").suffix == ".yml"


def test_the_home_folder_and_paths_of_python_are_understood(elsewhere, monkeypatch):
    monkeypatch.setenv("HOME", str(elsewhere))
    (elsewhere / "own.yml").write_text("seed: 5\n")
    assert config_path("~/own.yml") == config_path(elsewhere / "own.yml") == elsewhere / "own.yml"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("coco_vanila", "--config=coco_vanila: there is no such file or recipe; did you mean coco_vanilla?"),
        ("xyz", "--config=xyz: there is no such file or recipe; the recipes are binary_codes, binary_codes_best, "),
        (
            "recipes/flexible.yml",
            "recipes/flexible.yml: there is no such file; the recipe of that name is --config=fle",
        ),
        ("flexible.yml", "--config=flexible.yml: there is no such file; the recipe of that name is --config=flexible"),
        ("missing.yml", "--config=missing.yml: cannot be read (No such file or directory)"),
        ("folder", "--config=folder: cannot be read (Is a directory)"),
        ("no/such/place", "--config=no/such/place: cannot be read (No such file or directory)"),
        ("", "--config= is empty; give it a value or leave it out"),
        ("~nobody_of_that_name/x.yml", "there is no such user"),
        ("name\0.yml", "--config=name"),
        ("x" * 5000, "--config=xxx"),
    ],
)
def test_what_is_neither_is_refused(elsewhere, value, said):
    (elsewhere / "folder").mkdir()
    with pytest.raises(UsageError) as refused:
        plan(["run", f"--config={value}"])
    assert said in str(refused.value)
