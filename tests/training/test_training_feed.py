import numpy as np
import pytest

from autoencoder.settings import Training
from autoencoder.training.feed import Part, clean_batches, steps, training_batches


@pytest.fixture
def pixels():
    # The level tells the row, so that a batch tells which images it holds.
    return np.arange(23, dtype=np.uint8).reshape(23, 1, 1, 1) * np.ones((1, 4, 5, 1), np.uint8)


def rows(batch):
    return np.round(batch[:, 0, 0, 0] * 255).astype(int).tolist()


def take(dataset, count):
    return [(given.numpy(), target.numpy()) for given, target in dataset.take(count)]


def test_every_image_comes_once_an_epoch_in_a_new_order(pixels):
    batches = take(training_batches(pixels, Training(batch_size=5)), 10)
    first, second = ([row for _, target in batches[part] for row in rows(target)] for part in (slice(5), slice(5, 10)))
    assert sorted(first) == sorted(second) == list(range(23))
    assert first != second
    assert [len(target) for _, target in batches[:5]] == [5, 5, 5, 5, 3]


def test_the_same_step_gives_the_same_batch_wherever_the_feed_begins(pixels):
    training = Training(batch_size=5, augment=("shift",), noise="gaussian")
    from_start, later = take(training_batches(pixels, training), 9), take(training_batches(pixels, training, 6), 3)
    for one, other in zip(from_start[6:], later, strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_seed_gives_another_order(pixels):
    orders = [rows(take(training_batches(pixels, Training(batch_size=23, seed=seed)), 1)[0][1]) for seed in (1, 2)]
    assert [sorted(order) for order in orders] == [list(range(23))] * 2
    small = [[rows(t) for _, t in take(training_batches(pixels, Training(batch_size=5, seed=s)), 5)] for s in (1, 2)]
    assert small[0] != small[1]


def test_noise_damages_the_input_only(pixels):
    given, target = take(training_batches(pixels, Training(batch_size=23, noise="gaussian")), 1)[0]
    assert rows(target) == list(range(23))
    assert not np.array_equal(given, target)


def test_augmentation_changes_input_and_target_alike(pixels):
    given, target = take(training_batches(pixels, Training(batch_size=23, augment=("rotate",))), 1)[0]
    np.testing.assert_array_equal(given, target)


def test_clean_batches_come_once_in_order_scaled_to_one(pixels):
    batches = take(clean_batches(pixels, 10), 99)
    assert [len(target) for _, target in batches] == [10, 10, 3]
    assert [row for _, target in batches for row in rows(target)] == list(range(23))
    np.testing.assert_array_equal(batches[1][1], pixels[10:20].astype(np.float32) / np.float32(255))


def test_a_memory_mapped_file_feeds_the_same_batches(pixels, tmp_path):
    np.save(tmp_path / "pixels.npy", pixels)
    mapped = np.load(tmp_path / "pixels.npy", mmap_mode="r")
    for one, other in zip(
        take(training_batches(pixels, Training()), 2), take(training_batches(mapped, Training()), 2), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("count", "batch_size", "expected"), [(10, 5, 2), (11, 5, 3), (1, 32, 1)])
def test_steps(count, batch_size, expected):
    assert steps(count, batch_size) == expected


@pytest.fixture
def paired(pixels):
    # The target's levels are 100 higher, and one corner is marked in both.
    both = np.concatenate([pixels, pixels + 100], axis=-1)
    both[:, 0, 0] += 50
    return both


def test_pairs_are_fed_as_input_and_target_and_augmented_alike(paired):
    training = Training(batch_size=23, augment=("hflip", "rotate", "shift"), noise=None)
    given, target = take(training_batches(paired, training, paired=True), 1)[0]
    assert given.shape == target.shape == (23, 4, 5, 1)
    np.testing.assert_allclose(target - given, 100 / 255, atol=1e-6)
    assert len({image.tobytes() for image in given - given[:, 3:, 4:]}) > 5


def test_noise_on_pairs_damages_the_input_only(paired):
    given, target = take(training_batches(paired, Training(batch_size=23, noise="gaussian"), paired=True), 1)[0]
    assert (np.round(target[:, 3, 4, 0] * 255) == np.arange(100, 123)).all()
    assert np.abs(target - given - 100 / 255).max() > 0.05


def test_clean_pairs_come_once_in_order(paired):
    batches = take(clean_batches(paired, 10, paired=True), 99)
    np.testing.assert_array_equal(
        np.concatenate([given for given, _ in batches]), paired[..., :1].astype(np.float32) / np.float32(255)
    )
    np.testing.assert_array_equal(
        np.concatenate([target for _, target in batches]), paired[..., 1:].astype(np.float32) / np.float32(255)
    )


def test_the_shares_of_a_batch_are_the_batch_and_equally_large(pixels):
    training = Training(batch_size=6)
    whole = take(training_batches(pixels, training, 1), 5)  # the last batch of an epoch has 5 images, then 6 follow
    parts = [take(training_batches(pixels, training, 1, part=part), 10) for part in (Part(0, 2, 3), Part(2, 1, 3))]
    for step, (_, target) in enumerate(whole):
        first, second, third = (rows(each[1]) for each in (*parts[0][2 * step : 2 * step + 2], parts[1][step]))
        assert len(first) == len(second) == len(third) == 2
        repeated = rows(target)[:1] if len(target) == 5 else []
        assert sorted(first + second + third) == sorted(rows(target) + repeated)


def test_shares_are_augmented_each_in_its_own_way():
    same = np.broadcast_to(np.random.default_rng(0).integers(0, 255, (1, 8, 8, 1), np.uint8), (8, 8, 8, 1))
    training = Training(batch_size=8, noise="gaussian")
    given = [take(training_batches(same, training, part=Part(share, 1, 2)), 1)[0][0] for share in range(2)]
    assert not np.array_equal(*given)


def test_each_image_is_validated_by_one_share_and_no_share_is_empty(pixels):
    shares = [clean_batches(pixels, 11, part=part) for part in (Part(0, 1, 3), Part(1, 2, 3))]
    counted = [[rows(target) for _, target in take(each, -1)] for each in shares]
    assert [len(each) for each in counted] == [3, 6]
    assert all(batch for each in counted for batch in each)
    assert sorted(row for each in counted for batch in each for row in batch) == list(range(23))
