import pytest

from autoencoder.errors import UsageError
from autoencoder.settings.classification import Classifier, Labelled
from autoencoder.settings.fields import parse


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("all", ("all",)),
        ("10", (10,)),
        ("1,10,100,all", (1, 10, 100, "all")),
        ("[1, 10]", (1, 10)),
        ([1, "all", 1], (1, "all")),
        (7, (7,)),
    ],
)
def test_numbers_of_labels_are_read_as_they_are_written(text, counts):
    (found,) = parse({"labels_per_class": text}, [Classifier])
    assert found.labels_per_class == counts
    assert found.few == (counts != ("all",))
    assert Classifier(**found.model_dump(mode="json")) == found


@pytest.mark.parametrize("text", ["0", "-1", "some", "1,,2", "1.5", "true", "[]"])
def test_other_numbers_of_labels_are_refused(text):
    with pytest.raises(UsageError, match=r"--labels_per_class=.* must be a whole number from 1 on, or all"):
        parse({"labels_per_class": text}, [Classifier])


def test_no_augmentation_is_not_the_same_as_the_encoders():
    def read(value):
        (found,) = parse({"augment": value}, [Classifier])
        assert Classifier(**found.to_flags()) == found
        return found.augment

    assert read("[]") == read("none") == ()
    assert read("auto") == Classifier().augment == "auto"
    assert read("null") == read(None) == "auto"  # as files of earlier versions say it


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({}, "one of --train_dir and --train_images"),
        ({"train_dir": "a", "train_images": "b"}, "one of --train_dir and --train_images"),
        ({"train_dir": "a", "valid_dir": "b", "valid_split": 0.5}, "--valid_dir and --valid_split exclude each other"),
        ({"train_dir": "a", "test_dir": "b", "test_images": "c"}, "--test_dir and --test_images exclude each other"),
        ({"train_images": "a", "labels": "b"}, "--labels and --train_images exclude each other"),
        ({"train_dir": "a", "train_labels": "b"}, "--train_labels belongs to --train_images"),
        ({"train_dir": "a", "test_labels": "b"}, "--test_labels belongs to --test_images"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(flags, said):
    with pytest.raises(UsageError, match=said):
        parse(flags, [Labelled])
