import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from autoencoder.errors import UsageError
from autoencoder.settings import Optimizer, Settings
from autoencoder.settings import types as knob_types
from autoencoder.settings.fields import ALIASES, Section, default_text, fields, parse

sides = st.integers(1, 4000)
widths = st.lists(st.integers(1, 500), min_size=1, max_size=5)
pairs = st.lists(st.one_of(st.integers(1, 9), st.tuples(st.integers(1, 9), st.integers(1, 9))), min_size=1, max_size=4)
poolings = st.lists(
    st.sampled_from(["avg", "max", "no"]) | st.integers(2, 30).map(lambda n: f"max{n}"), min_size=1, max_size=4
)
flags = st.fixed_dictionaries(
    {},
    optional={
        "filters": st.none() | widths,
        "kernel_size": pairs,
        "strides": st.none() | pairs,
        "pooling": poolings,
        "dims": widths,
        "drop_rate": st.floats(0, 0.99),
        "activation": st.sampled_from(["relu", "leaky_relu:0.2", "elu"]),
        "batch_norm": st.sampled_from([None, "before", "after"]),
        "image_shape": st.none() | st.tuples(sides, sides),
        "categories": st.none() | st.lists(st.text(min_size=1), min_size=1, max_size=3),
        "train_dir": st.none() | st.text("abc/#é 漢", min_size=1),
        "learning_rate": st.none() | st.floats(1e-6, 10),
        "seed": st.integers(0, 2**31 - 1),
        "augment": st.none() | st.just("auto") | st.lists(st.sampled_from(["hflip", "zoom"]), max_size=2),
        "noise": st.none() | st.sampled_from(["gaussian", "masking:0.3"]),
        "save_prefix": st.text("ab #é", min_size=1),
    },
)


@given(flags)
def test_settings_survive_the_round_trip_through_flags(values):
    settings = Settings.from_flags(values)
    assert Settings.from_flags(settings.to_flags()) == settings


@given(flags)
def test_settings_survive_the_round_trip_through_yaml(values):
    import yaml

    settings = Settings.from_flags(values)
    text = yaml.safe_dump(settings.to_flags(), allow_unicode=True)
    assert Settings.from_flags(yaml.safe_load(text)) == settings


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("filters", "[16,32]", (16, 32)),
        ("filters", "16,32", (16, 32)),
        ("filters", "16", (16,)),
        ("filters", "auto", None),
        ("kernel_size", "[5,[3,1]]", ((5, 5), (3, 1))),
        ("strides", "2", ((2, 2),)),
        ("pooling", "[avg, no, max5]", ("avg", "no", "max5")),
        ("pooling", "no", ("no",)),
        ("image_shape", "128", (128, 128)),
        ("image_shape", "[28, 30]", (28, 30)),
        ("mlp", "false", False),
        ("mlp", "off", False),
        ("learning_rate", "1e-3", 0.001),
        ("patience", "none", None),
        ("save_prefix", "2024", "2024"),
        ("save_prefix", "a#b", "a#b"),
        ("save_prefix", "no", "no"),
        ("categories", "cat,dog", ("cat", "dog")),
        ("categories", "[3, 7]", ("3", "7")),
        ("augment", "[]", ()),
        ("augment", "none", None),
        ("augment", "auto", "auto"),
        ("augment", "null", None),
        ("augment", "crop", ("crop",)),
    ],
)
def test_text_means_what_it_says(name, text, value):
    settings = Settings.from_flags({name: text})
    section = next(
        s for s in (settings.data, settings.architecture, settings.training, settings.output) if hasattr(s, name)
    )
    assert getattr(section, name) == value


VIEWS = {"contrast": 1, "contrast_with": "views", "augment": "auto"}


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"filterz": "1"}, "--filterz: no such flag; did you mean filters?"),
        ({"train_epochs": "abc"}, "--train_epochs=abc: should be a valid integer"),
        ({"train_epochs": "0"}, "--train_epochs=0: should be greater than or equal to 1"),
        ({"filters": "[16,a]"}, "--filters=[16,a]: item 2 should be a valid integer"),
        ({"dims": "[]"}, "--dims=[]: needs at least one value"),
        ({"progressive": "[1]"}, "--progressive=[1]: needs at least 2 values"),
        ({"pooling": "[max1]"}, "'max1' is no pooling"),
        ({"activation": "rellu"}, "'rellu' is no activation"),
        ({"activation": "relu:0.2"}, "relu takes no number"),
        ({"activation": "leaky_relu:x"}, "must be a number of at least 0"),
        ({"precision": "half"}, "--precision=half: should be 'float32' or 'bfloat16'; or auto"),
        ({"loss": "bce"}, "--loss=bce: should be 'binary_crossentropy'"),
        ({"drop_rate": "1"}, "--drop_rate=1: should be less than 1"),
        ({"learning_rate": "nan"}, "--learning_rate=nan"),
        ({"mlp": "maybe"}, "--mlp=maybe: should be a valid boolean"),
        ({"mlp": "false", "dims": "[5]"}, "--dims belongs to the MLP"),
        ({"mlp": "false", "drop_rate": "0.5"}, "--spatial_drop_rate acts in the CNN"),
        ({"train_dir": "a", "valid_dir": "b", "valid_split": "0.2"}, "exclude each other"),
        ({"valid_dir": "b"}, "--valid_dir needs --train_dir"),
        ({"save_prefix": "a/b"}, "--save_prefix=a/b"),
        ({"background": "300,0,0"}, "'300,0,0' is no colour; write a name (white), #rrggbb, or red,green,blue"),
        ({"background": "1,2"}, "'1,2' is no colour"),
        ({"augment": "crops"}, "--augment=crops: 'crops' is no augmentation; choose from hflip, "),
        ({"contrast_with": "views"}, "--contrast_with belongs to --contrast; give both"),
        ({"projection": "[8]"}, "--projection belongs to --contrast; give both"),
        ({"contrast": 1, "contrast_with": "views"}, "--contrast_with=views needs --augment"),
        ({"contrast": 1, "contrast_with": "both", "augment": "[]"}, "--contrast_with=both needs --augment"),
        ({**VIEWS, "neighbours": 3}, "--neighbours has no meaning with --contrast_with=views"),
        ({**VIEWS, "patience": 3}, "--patience waits for a better reconstruction"),
        ({**VIEWS, "projection": "[8,0]"}, "--projection=[8,0]: should be widths from 1 to"),
        ({**VIEWS, "projection": "wide"}, "--projection=wide: should be widths from 1 to"),
        ({**VIEWS, "projection": "[]"}, "--projection=[]: has no layers; give widths"),
        ({"encoder_from": "VGG16", "global_pooling": True}, "--global_pooling belongs to the network that"),
    ],
)
def test_what_does_not_fit_is_refused_with_flag_value_and_rule(flags, said):
    with pytest.raises(UsageError) as refused:
        Settings.from_flags(flags)
    assert said in str(refused.value)


def test_all_problems_are_listed_at_once():
    with pytest.raises(UsageError) as refused:
        Settings.from_flags({"epocs": 1, "batch_size": 0, "mlp": "maybe", "valid_split": 2})
    assert len(str(refused.value).splitlines()) == 4


def test_the_original_names_mean_the_same():
    original = {"imageShape": "[20,20]", "dropRate": "0.3", "preTrain_verbose": "0", "AutoencoderMLP_switch": "true"}
    assert Settings.from_flags(original) == Settings.from_flags(
        {ALIASES[name]: value for name, value in original.items()}
    )


def test_every_field_is_documented_and_named_once():
    names = [name for section in Settings.sections for name in section.model_fields]
    assert len(names) == len(set(names))
    for name, field in fields(Settings.sections).items():
        assert field.description, name
        assert default_text(field), name


@pytest.mark.parametrize(
    ("names", "get"),
    [
        (knob_types.ACTIVATIONS, keras.activations.get),
        (knob_types.INITIALIZERS, keras.initializers.get),
        (knob_types.CONSTRAINTS, keras.constraints.get),
        (Optimizer.__args__, keras.optimizers.get),
    ],
)
def test_every_name_is_known_to_keras(names, get):
    for name in names:
        assert get(name) is not None


@pytest.mark.parametrize(
    "flags",
    [{"noise": "gaussian:1e39"}, {"contrast": 1e300}, {"kernel_regularizer": "l2:1e300"}],
)
def test_strengths_that_float32_cannot_hold_are_refused(flags):
    with pytest.raises(UsageError, match=f"--{next(iter(flags))}"):
        Settings.from_flags(flags)


def test_a_head_belongs_to_views_unless_another_is_asked_for():
    def head(**flags):
        return Settings.from_flags(flags).training.head

    assert head(contrast=1) == () and head(contrast=1, projection="[9,3]") == (9, 3)
    assert head(**VIEWS) == (256, 64) and head(**VIEWS, projection="none") == ()


def test_views_and_a_linear_path_promise_different_things():
    with pytest.raises(UsageError, match="--contrast_with=views keeps the last weights, and --linear_path"):
        Settings.from_flags({**VIEWS, "linear_path": "pca"}).resolved()


def test_a_flag_that_must_be_given_is_named_with_what_it_means():
    class Options(Section):
        images: str = Field(description="a folder")

    with pytest.raises(UsageError, match=r"^--images: must be given: a folder$"):
        parse({}, [Options])
