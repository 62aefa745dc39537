import pytest

from autoencoder.settings import Architecture, Training
from autoencoder.settings.budget import MOST_EPOCHS, STEPS, Budget, chosen_flags, chosen_shape


@pytest.mark.parametrize(
    ("shape", "seen"),
    [
        ((28, 28), (28, 28)),
        ((32, 32), (32, 32)),
        ((8, 8), (28, 28)),
        ((100, 100), (48, 48)),
        ((256, 256), (48, 48)),
        ((300, 1200), (28, 96)),
        ((1200, 300), (96, 28)),
        ((3000, 4000), (42, 55)),
    ],
)
def test_images_are_seen_small_and_in_proportion(shape, seen):
    assert chosen_shape(shape) == seen


@pytest.mark.parametrize(
    ("count", "epochs"), [(100, MOST_EPOCHS), (2_000, 125), (10_000, 25), (60_000, 4), (10**6, 1), (10**9, 1)]
)
def test_a_budget_is_a_number_of_steps_whatever_the_number_of_images(count, epochs):
    assert STEPS["medium"] == 2000
    assert chosen_flags("medium", count, (32, 32))["train_epochs"] == epochs


def test_larger_images_are_given_fewer_steps_and_smaller_ones_no_more():
    epochs = {side: chosen_flags("medium", 10_000, (side, side))["train_epochs"] for side in (28, 32, 48)}
    assert epochs == {28: 25, 32: 25, 48: 11}  # 2,000 steps, and 2,000 * 1,024 / 2,304; 79 an epoch


def test_every_budget_is_spent_and_a_larger_one_is_longer():
    epochs = [chosen_flags(name, 5_000, (48, 48))["train_epochs"] for name in ("small", "medium", "large")]
    assert epochs == sorted(set(epochs))


@pytest.mark.parametrize(
    ("budget", "given", "spent"),
    [
        ("auto", {}, "medium"),
        ("auto", {"seed": 3, "precision": "float32"}, "medium"),
        ("auto", {"train_epochs": 3}, None),
        ("large", {"seed": 3}, "large"),
        (None, {}, None),
        (None, {"train_epochs": 3}, None),
    ],
)
def test_flags_of_the_training_take_the_budgets_place(budget, given, spent):
    assert Budget(budget=budget).spent(Architecture(), Training(**given)) == spent


def test_a_network_that_teaches_leaves_the_budget_and_one_that_is_used_itself_does_not():
    assert Budget().spent(Architecture(encoder_from="MobileNetV2"), Training()) == "medium"
    assert Budget().spent(Architecture(encoder_from="MobileNetV2", encoder_use="teacher"), Training()) == "medium"
    assert Budget().spent(Architecture(encoder_from="MobileNetV2", encoder_use="frozen"), Training()) is None
    assert "neighbours_from" not in chosen_flags("medium", 1000, (32, 32), taught=True)


def test_a_budget_and_what_it_decides_are_refused_together():
    with pytest.raises(ValueError, match=r"--budget=small chooses --train_epochs itself"):
        Budget(budget="small").spent(Architecture(), Training(train_epochs=3))
    with pytest.raises(ValueError, match=r"--budget=small chooses --filters itself"):
        Budget(budget="small").spent(Architecture(filters=(4,)), Training())


def test_none_and_auto_are_two_values_and_others_are_refused():
    assert Budget(budget="none").budget is None and Budget().budget == "auto"
    with pytest.raises(ValueError, match=r"small.*medium.*large"):
        Budget(budget="huge")
