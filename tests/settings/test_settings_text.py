from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.cli.main import plan
from autoencoder.errors import UsageError
from autoencoder.settings import Settings
from autoencoder.settings.text import check_yaml, expand_home, read_yaml

ODD_NAMES = [
    "010",
    "01",
    "8",
    "null",
    "no",
    "none",
    "auto",
    "true",
    "1_000",
    "1e3",
    "2020-01-01",
    "12:30",
    "~",
    "0x1f",
    "x y",
]


def categories(*flags):
    return plan(["run", "--train_dir=photos", *flags]).settings[0].categories


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_is_text_whatever_it_looks_like(name, tmp_path):
    assert categories(f"--categories={name}") == (name,)
    assert categories(f"--categories=[{name},b]") == (name, "b")
    for text in (f"categories: {name}", f"categories: [{name}]", f"categories:\n- {name}"):
        (tmp_path / "config.yml").write_text(f"{text}\n")
        assert categories(f"--config={tmp_path / 'config.yml'}") == (name,)


def test_a_name_with_a_comma_stands_in_quotes():
    assert categories('--categories=["a,b", c]') == ("a,b", "c")
    assert Settings.from_flags({"categories": ["a,b"]}).data.categories == ("a,b",)


def test_an_empty_list_of_names_is_all():
    assert categories("--categories=[]") is None
    assert Settings.from_flags({"categories": None}).to_flags()["categories"] == []


@given(st.lists(st.text("010no:,[]\"' ~#é", min_size=1).filter(str.strip), min_size=1, max_size=3))
def test_names_survive_the_file_of_settings(names):
    import yaml

    settings = Settings.from_flags({"categories": names})
    assert Settings.from_flags(yaml.load(settings.to_yaml(), yaml.BaseLoader)) == settings


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--seed=010", 10), ("--seed=0_8", 8), ("--seed=1e3", 1000)],
)
def test_numbers_are_decimal(flag, value):
    assert plan(["run", flag]).settings[2].seed == value


@pytest.mark.parametrize("flag", ["--seed=12:30", "--seed=0x10", "--seed=0o17", "--seed=yes", "--learning_rate=1:30"])
def test_numbers_of_other_notations_are_refused(flag):
    with pytest.raises(UsageError, match="should be a"):
        plan(["run", flag])


@pytest.mark.parametrize("flag", ["--train_dir=", "--categories=", "--seed=", "--save_prefix=", "--filters="])
def test_an_empty_value_is_refused(flag, tmp_path):
    name = flag.strip("-=")
    with pytest.raises(UsageError, match=f"--{name}= is empty"):
        plan(["run", flag])
    (tmp_path / "config.yml").write_text(f"{name}:\n")
    with pytest.raises(UsageError, match=f"--{name}= is empty"):
        plan(["run", f"--config={tmp_path / 'config.yml'}"])


def test_an_empty_value_of_a_flag_that_must_be_given_is_told_once(tmp_path):
    with pytest.raises(UsageError) as told:
        plan(["import_data", "--source=", f"--out={tmp_path}"])
    assert str(told.value) == "--source= is empty; give it a value or leave it out"


def test_the_home_folder_is_known_in_flags_words_and_files(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "config.yml").write_text("save_dir: ~/mine\n")
    data, _, _, output, *_ = plan(["run", "--train_dir=~/photos", "--config=~/config.yml"]).settings
    assert (data.train_dir, output.save_dir) == (tmp_path / "photos", tmp_path / "mine")
    assert plan(["cluster", "~/run", "--images=~"]).settings[0].run == str(tmp_path / "run")
    assert plan(["cluster", "~/run", "--images=~"]).settings[0].images == tmp_path


def test_a_home_folder_of_nobody_is_refused():
    with pytest.raises(UsageError, match="there is no such user"):
        plan(["run", "--train_dir=~nobody-of-that-name/x"])
    assert expand_home(Path("a~b")) == Path("a~b")


def test_what_version_0_1_wrote_for_all_categories_is_still_read(tmp_path):
    (tmp_path / "settings.yml").write_text("train_dir: photos\nvalid_split: 0.15\ncategories: null\nmax_images: null\n")
    assert categories(f"--config={tmp_path / 'settings.yml'}") is None


@pytest.mark.parametrize("text", ["- a\n", "word\n", "a: [\n", "a: b: c\n"])
def test_a_file_that_holds_no_flags_is_refused(text, tmp_path):
    (tmp_path / "config.yml").write_text(text)
    with pytest.raises(UsageError, match=r"config\.yml: (must hold lines of|is not YAML)"):
        plan(["run", f"--config={tmp_path / 'config.yml'}"])


ALIASES = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("filters: " + "[" * 100_000, "nested deeper than 20 times"),
        ("filters: " + "[" * 5000 + "]" * 5000, "nested deeper than 20 times"),
        ("filters: '" + "[" * 5000 + "]" * 5000 + "'", "should be a valid"),
        (ALIASES + "filters: *h\n", "more than 100,000 values"),
        (ALIASES + "grid: {filters: *h}\n", "more than 100,000 values"),
        ("filters: &a [*a]", "leads to itself"),
        ("a: b\n" * 300_000, "is 1,500,000 characters long"),
        ("filters: " + "9" * 300_000, r"--filters=9+ \.\.\. 9+: "),
        ("filters: !!python/object/apply:os.system ['touch owned']", "should be a valid integer"),
    ],
)
def test_yaml_that_would_fill_the_memory_is_refused_in_a_short_sentence(tmp_path, text, reason):
    (tmp_path / "a.yml").write_text(text)
    with pytest.raises(UsageError, match=reason) as raised:
        plan(["run", f"--config={tmp_path / 'a.yml'}", f"--train_dir={tmp_path}"])
    assert len(str(raised.value)) < 2000


def test_an_alias_that_means_little_is_read():
    text = "a: &same [1, 2]\nb: *same\nc: {d: *same}"
    check_yaml(text)
    assert read_yaml(text) == {"a": ["1", "2"], "b": ["1", "2"], "c": {"d": ["1", "2"]}}
    with pytest.raises(yaml.YAMLError, match="to nothing"):
        read_yaml("a: *none")
