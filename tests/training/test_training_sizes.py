import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoencoder.errors import UsageError
from autoencoder.model.build import build
from autoencoder.model.describe import activations
from autoencoder.model.upsampling import UPSAMPLING
from autoencoder.settings import Architecture, Settings, Training
from autoencoder.settings.restoration import RestoreSettings
from autoencoder.training.sizes import check_size, parameters, training_bytes, values

pairs = st.integers(1, 3) | st.tuples(st.integers(1, 4), st.integers(1, 4))
architectures = st.fixed_dictionaries(
    {
        "filters": st.lists(st.integers(1, 6), min_size=1, max_size=3),
        "kernel_size": st.lists(pairs, min_size=1, max_size=2),
        "strides": st.none() | st.lists(st.integers(1, 2), min_size=1, max_size=2),
        "pooling": st.lists(st.sampled_from(["no", "max", "avg3"]), min_size=1, max_size=2),
        "upsampling": st.sampled_from(sorted(UPSAMPLING)),
        "batch_norm": st.sampled_from([None, "before", "after"]),
        "residual": st.booleans(),
        "global_pooling": st.booleans(),
        "use_bias": st.booleans(),
        "skips": st.booleans(),
        "mlp": st.booleans(),
        "drop_rate": st.sampled_from([0, 0.5]),
        "spatial_drop_rate": st.sampled_from([0, 0.5]),
        "linear_path": st.sampled_from([None, "pca", "local_pca"]),
    }
)


@settings(max_examples=30)
@given(architectures, st.lists(st.integers(1, 5), min_size=1, max_size=3), st.sampled_from([1, 3]))
def test_weights_and_what_layers_give_are_counted_without_building(flags, dims, channels):
    flags = flags | ({"dims": dims} if flags["mlp"] else {"drop_rate": 0})
    if not flags["mlp"] or flags["skips"]:
        flags["linear_path"] = None
    if flags["linear_path"] == "local_pca":
        dims = [*dims, 7]
        flags["dims"] = dims
    architecture = Settings.from_flags(flags).architecture
    try:
        models = build(architecture, (37, 33), channels)
    except UsageError as refused:
        assert "too small for its" in str(refused)
        return
    built = models.encoder.count_params() + models.decoder.count_params()
    assert sum(parameters(architecture, (37, 33), channels).values()) == built
    assert sum(values(architecture, (37, 33), channels)) == activations(models)


def resolved(**flags):
    """The settings of a run whose images have been looked at."""
    return Settings.from_flags({"image_shape": [64, 64], "color": "grayscale", **flags})


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"dims": [16_000_000]}, "--dims: the network would have .* weights"),
        ({"dims": [16_000_000] * 2}, "--dims: the network would have .* which take .* GB to train"),
        ({"filters": [16_000_000]}, "--filters or --dims: the network would have"),
        ({"filters": [4_000_000] * 9, "dims": [1]}, "--filters or --kernel_size: the network would have"),
        ({"filters": [2**24] * 999, "kernel_size": [127]}, "which take billions of GB to train"),
    ],
)
def test_networks_beyond_the_memory_are_refused(flags, said):
    with pytest.raises(UsageError, match=said):
        check_size(resolved(**flags, strides=[1]))


@pytest.fixture
def a_gibibyte(monkeypatch):
    monkeypatch.setattr("autoencoder.training.sizes.available_memory", lambda: 2**30)


def test_batches_beyond_the_memory_are_refused_with_one_that_fits(a_gibibyte):
    check_size(resolved())
    with pytest.raises(UsageError, match=r"--batch_size=1000000: .* try --batch_size=") as refused:
        check_size(resolved(batch_size=1_000_000))
    fitting = int(str(refused.value).split("try --batch_size=")[1].split(",")[0])
    check_size(resolved(batch_size=fitting))
    with pytest.raises(UsageError):
        check_size(resolved(batch_size=2 * fitting))


def test_contrast_takes_more(a_gibibyte):
    check_size(resolved(batch_size=400, image_shape=[32, 32]))
    check_size(resolved(batch_size=400, image_shape=[32, 32], contrast=0.1))
    check_size(resolved(batch_size=9000, image_shape=[2, 2], filters=[2]))
    with pytest.raises(UsageError, match=r"--batch_size=9000"):
        check_size(resolved(batch_size=9000, image_shape=[2, 2], filters=[2], contrast=0.1))


def test_features_take_more_the_deeper_their_layers_are():
    def counted(*layers, batch=8):
        training = (
            Training(loss="feature", feature_layers=layers, batch_size=batch) if layers else Training(batch_size=8)
        )
        return training_bytes(Architecture(), (32, 32), 3, training)

    # 8 images, 4 bytes, 4 copies, 2 maps of 64 channels; and the weights of 3 x 3 x 3 kernels with their biases.
    assert counted("block1_conv1") - counted() == 8 * 4 * 4 * 2 * 64 * 32 * 32 + 4 * 64 * (27 + 1)
    # The second block sees half the sides, and all that comes before is held too, asked for or not.
    second = 2 * 64 * 32 * 32 + 128 * 16 * 16
    weights = 64 * 28 + 64 * (9 * 64 + 1) + 128 * (9 * 64 + 1)
    assert counted("block2_conv1", "block1_conv1") - counted() == 8 * 4 * 4 * 2 * second + 4 * weights


def test_where_not_one_image_fits_smaller_ones_are_advised(a_gibibyte):
    with pytest.raises(UsageError, match=r"try fewer --filters, or a smaller --image_shape"):
        check_size(resolved(image_shape=[8000, 8000]))
    with pytest.raises(UsageError, match=r"try a smaller network as --encoder_from, or a smaller --image_shape"):
        check_size(resolved(image_shape=[1500, 1500], encoder_from="MobileNetV3Small", encoder_weights="none"))


def test_pairs_are_checked_too(a_gibibyte):
    flags = {"modified": "a", "original": "b", "color": "grayscale"}
    check_size(RestoreSettings.from_flags(flags))
    with pytest.raises(UsageError, match=r"--batch_size=99999: .* or a smaller --tile_side"):
        check_size(RestoreSettings.from_flags(flags | {"batch_size": 99_999}))


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ({"dims": [10**400]}, "--dims=.* should be less than or equal to 16777216"),
        ({"filters": [8, 10**30]}, "--filters=.* item 2 should be less than or equal to 16777216"),
        ({"kernel_size": [200]}, "--kernel_size=.* should be less than or equal to 127"),
        ({"kernel_size": [[3, 128]]}, "--kernel_size=.* should be less than or equal to 127"),
    ],
)
def test_widths_and_kernels_have_an_upper_bound(flag, said):
    with pytest.raises(UsageError, match=said):
        Settings.from_flags(flag)


@pytest.mark.parametrize(
    "flag",
    ["--dims=[1000000000]", "--filters=[99999999999999999999]", "--kernel_size=[200]", "--batch_size=9999999999"],
)
def test_the_command_refuses_before_tensorflow_starts(program, folders, flag):
    result = program("run", f"--train_dir={folders / 'train'}", flag)
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {flag.partition('=')[0]}") and len(result.stderr.splitlines()) == 1


def test_a_head_that_does_not_fit_is_refused_before_it_is_built():
    flags = {"contrast": 1, "contrast_with": "views", "augment": "crop"}
    small, large = (training_bytes(*given(resolved(**flags, projection=widths))) for widths in ([8], [100_000]))
    # Each weight is held four times: itself, a gradient and two moments.
    assert large - small > 16 * 11 * 99_000
    with pytest.raises(UsageError, match=r"--projection: the head takes .* GB to train"):
        check_size(resolved(**flags, projection=[16_000_000, 16_000_000]))


def given(settings):
    return settings.architecture, settings.image_shape, settings.channels, settings.training
