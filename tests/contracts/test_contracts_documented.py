"""What is documented is what there is."""

import re
import runpy
import shlex
from pathlib import Path

import pytest

from autoencoder import errors
from autoencoder.cli.command import Grid, Job
from autoencoder.cli.main import COMMANDS, plan

ROOT = Path(__file__).parents[2]
#: What a person reads.
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), ROOT / "data" / "README.md"]


def read(*names: str) -> str:
    return ROOT.joinpath(*names).read_text(encoding="utf-8")


def own_words(page: Path) -> list[list[str]]:
    """The command lines of a page's shell blocks, without the program's name."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [words[1:] for words in lines if words[:1] == ["flexae"]]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_shows_every_command_once(name):
    # As a whole word: restore is not shown by restore_train.
    assert len(re.findall(rf"^\| `flexae {name}\b", read("README.md"), re.MULTILINE)) == 1


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.yml")), ids=lambda path: path.stem)
def test_the_page_of_results_shows_every_recipe(path):
    assert f"recipes/{path.name}" in read("docs", "results.md")


def test_the_page_of_flags_is_what_the_settings_say():
    page = runpy.run_path(str(ROOT / "scripts" / "write_flags.py"))["page"]()
    assert read("docs", "flags.md") == page, "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_picture_and_page_that_a_page_shows_exists(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)#:\s]+)", text):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_shows_can_be_typed(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    for words in own_words(page):
        if not {"--help", "--version"} & set(words):
            assert isinstance(plan(words), Job | Grid), words


def test_every_picture_is_shown_on_a_page():
    shown = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    for path in (ROOT / "docs" / "pictures").glob("*.png"):
        assert f"pictures/{path.name})" in shown, path.name


def test_the_page_of_exit_statuses_names_every_one():
    page = read("docs", "how-to", "exit_statuses.md")
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.UserError)]
    for status in {0, 1, *(each.exit_status for each in classes if hasattr(each, "exit_status")), 130, 143}:
        assert re.search(rf"^\| {status} \|", page, re.MULTILINE), status
    assert all(f"`{each.__name__}`" in page for each in classes)


def test_the_list_of_decisions_holds_every_page_once():
    listed = re.findall(r"\]\((\w+\.md)\)", read("docs", "decisions", "README.md"))
    assert sorted(listed) == sorted({path.name for path in (ROOT / "docs" / "decisions").glob("*.md")} - {"README.md"})


def test_the_readme_is_three_screens():
    assert len(read("README.md").splitlines()) <= 120
