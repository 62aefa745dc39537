import pytest
from pydantic import model_validator

from autoencoder.errors import UsageError
from autoencoder.settings import Architecture, Training
from autoencoder.settings.auto_space import auto_space
from autoencoder.settings.fields import Section, fields
from autoencoder.settings.space import Knob, Searched, check_space, read_space, usual
from autoencoder.settings.sweep import JUDGED_BY
from autoencoder.workflows.trials import TRIALS

KNOWN = Searched((Architecture, Training), {"dropRate": "drop_rate"}, {"seed": "decides about no result"})
GIVEN = {
    "run": {},
    "sort": {},
    "classify": {"run": "x", "train_dir": "photos"},
    "restore_train": {"modified": "a", "original": "b"},
}


def test_text_a_file_and_a_mapping_mean_the_same(tmp_path):
    text = "filters=[[16,32],[32, 64]], learning_rate=1e-4..1e-2 (log), batch_size=16..64 (step 16), dropRate=0..0.5"
    file = tmp_path / "space.yml"
    file.write_text(
        "filters: [[16, 32], [32, 64]]\nlearning_rate: 1e-4..1e-2 (log)\n"
        "batch_size: 16..64 (step 16)\ndropRate: 0..0.5\n"
    )
    mapping = {
        "filters": [[16, 32], (32, 64)],
        "learning_rate": "1e-4..1e-2 (log)",
        "batch_size": "16..64 (step 16)",
        "drop_rate": "0..0.5",
    }
    expected = {
        "filters": Knob(("[16, 32]", "[32, 64]")),
        "learning_rate": Knob((), 1e-4, 1e-2, log=True),
        "batch_size": Knob((), 16, 64, step=16, whole=True),
        "drop_rate": Knob((), 0, 0.5),
    }
    assert read_space(text, KNOWN) == read_space(str(file), KNOWN) == read_space(mapping, KNOWN) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("filtres=[[4],[8]]", "filtres: no such knob of the command; did you mean filters?"),
        ("learning_rate=1e-2..1e-4", "the first number must be smaller"),
        ("learning_rate=0..1 (log)", "begins above 0"),
        ("batch_size=1..2.5", "takes whole numbers"),
        ("batch_size=16..32 (step 64)", "the step must be above 0, and at most the whole range"),
        ("batch_size=16", "neither a list"),
        ("batch_size=[]", "needs at least one value"),
        ("seed=1..3", "seed decides about no result: give one value as --seed"),
        ("batch_size=[8], batch_size=[16]", "batch_size is there twice"),
        ("batch_size=[8], 16", "'16' is no knob with its values"),
        ("nowhere.yml", "cannot be read"),
    ],
)
def test_what_is_no_space_is_refused(text, said):
    with pytest.raises(UsageError) as error:
        read_space(text, KNOWN)
    assert said in str(error.value)


def test_all_unknown_knobs_are_named_at_once():
    with pytest.raises(UsageError, match=r"(?s)filtres.*did you mean filters.*batchsize.*did you mean batch_size"):
        read_space({"filtres": [[4]], "batchsize": [8]}, KNOWN)


def test_a_value_must_fit_one_combination_with_the_others():
    # By itself contrast_with belongs to contrast, views need --augment; beside it both fit.
    space = read_space("contrast=[0, 1], contrast_with=[neighbours, views], augment=[none, hflip]", KNOWN)
    KNOWN.read(check_space(space, KNOWN, {}))
    with pytest.raises(UsageError, match=r"--space: contrast_with cannot be views:\n--contrast_with belongs to"):
        check_space(read_space("contrast_with=[neighbours, views]", KNOWN), KNOWN, {})
    with pytest.raises(UsageError, match="--batch_size=x: should be a valid integer"):
        check_space(read_space("batch_size=[16, x]", KNOWN), KNOWN, {})
    with pytest.raises(UsageError, match="--batch_size=0: should be greater"):
        check_space(read_space("batch_size=0..8", KNOWN), KNOWN, {})


def test_what_is_given_for_all_trials_is_blamed_on_nobody_else():
    space = read_space("batch_size=[16, 32]", KNOWN)
    with pytest.raises(UsageError, match=r"^--trainepochs: no such flag; did you mean train_epochs\?$"):
        check_space(space, KNOWN, {"trainepochs": 3})
    with pytest.raises(UsageError, match=r"^--train_epochs=x: should be"):
        check_space(space, KNOWN, {"train_epochs": "x"})
    with pytest.raises(UsageError, match="--batch_size is given, and is in --space too"):
        check_space(space, KNOWN, {"batch_size": 8})


def test_the_usual_values_are_those_of_the_defaults_and_of_what_is_given():
    space = read_space(
        "dims=[[5],[10]], learning_rate=1e-4..1e-2 (log), batch_norm=[before,none], drop_rate=0.1..0.5, loss=[mse]",
        KNOWN,
    )
    assert usual(space, KNOWN, {}, check_space(space, KNOWN, {})) == {
        "dims": "[10]",
        "learning_rate": 0.001,
        "batch_norm": "none",
    }
    assert usual(read_space("batch_size=[8,32]", KNOWN), KNOWN, {}, {}) == {"batch_size": "32"}


def test_usual_values_fit_together():
    class Odd(Section):
        """Two knobs that must differ."""

        one: int = 1
        two: int = 1

        @model_validator(mode="after")
        def _check(self):
            if self.one == self.two:
                raise ValueError("--one and --two must differ")
            return self

    searched = Searched((Odd,), {}, {})
    space = read_space("one=[1, 2], two=[1, 2]", searched)
    assert usual(space, searched, {}, check_space(space, searched, {})) == {"one": "1"}  # the other is drawn
    assert usual({"one": space["one"]}, searched, {"two": 2}, {}) == {"one": "1"}


@pytest.mark.parametrize("command", JUDGED_BY)
def test_the_space_auto_of_every_command_holds_its_usual_values(command):
    for by in JUDGED_BY[command]:
        searched = TRIALS[command].searched(by)
        fixed, lines = auto_space(command, searched, GIVEN[command])
        assert len(lines) >= 5
        space = read_space(lines, searched)
        fitting = check_space(space, searched, fixed)
        searched.read({**fixed, **fitting})
        begin = usual(space, searched, fixed, fitting)
        searched.read({**fixed, **fitting, **begin})
        if command in ("run", "restore_train"):
            assert begin.keys() == space.keys()


def test_the_space_auto_leaves_out_what_is_given_and_keeps_the_width_of_the_embedding():
    searched = TRIALS["run"].searched("valid_loss")
    fixed, lines = auto_space("run", searched, {"filters": [8], "dims": (32, 5)})
    assert "filters" not in lines and lines["dims"] == ["[5]", "[64, 5]", "[256, 5]"] and fixed == {"filters": [8]}


def test_the_space_auto_leaves_out_what_does_not_fit_what_is_given():
    searched = TRIALS["run"].searched("valid_loss")
    _, lines = auto_space("run", searched, {"mlp": "False"})
    assert "dims" not in lines and "drop_rate" not in lines and "learning_rate" in lines
    _, lines = auto_space("run", searched, {"reduce_lr": "5"})
    assert "schedule" not in lines


def test_a_loss_is_no_knob_where_it_judges_and_no_knob_says_which_images():
    for by, refused in (("valid_loss", {"loss", "image_shape", "save_dir", "seed"}), ("valid_mse", {"image_shape"})):
        no_knobs = TRIALS["run"].searched(by).no_knobs
        assert refused <= no_knobs.keys() and ("loss" in no_knobs) == (by == "valid_loss")
    assert "image_shape" not in TRIALS["sort"].searched("nmi").no_knobs
    for trial in TRIALS.values():  # every knob of the tables is one
        known = fields(trial.sections)
        assert not {name for name in trial.searched("valid_loss").no_knobs if name not in known} - {
            *fields([Training, Architecture]),
            "max_bad",
            "run",
            "precision",
            "save_dir",
            "save_prefix",
            "h5",
            "tensorboard",
            "mlflow",
            "verbose",
        }
