"""What is documented is what there is."""

import re
import runpy
from pathlib import Path

import pytest

from autoencoder.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_shows_every_command(name):
    # As a whole word: restore is not shown by restore_train.
    assert re.search(rf"\bflexae {name}\b", (ROOT / "README.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.yml")), ids=lambda path: path.stem)
def test_the_readme_shows_every_recipe(path):
    assert f"recipes/{path.name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_page_of_flags_is_what_the_settings_say():
    page = runpy.run_path(str(ROOT / "scripts" / "write_flags.py"))["page"]()
    assert (ROOT / "docs" / "flags.md").read_text(encoding="utf-8") == page, "run: make docs"


def test_every_picture_and_page_that_the_readme_shows_exists():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target
