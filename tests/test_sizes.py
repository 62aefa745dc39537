import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoencoder.data import memory
from autoencoder.errors import UsageError
from autoencoder.model.build import build
from autoencoder.settings import Architecture, Settings
from autoencoder.sizes import check_size, parameters

pairs = st.integers(1, 3) | st.tuples(st.integers(1, 4), st.integers(1, 4))
architectures = st.fixed_dictionaries(
    {
        "filters": st.lists(st.integers(1, 6), min_size=1, max_size=3),
        "kernel_size": st.lists(pairs, min_size=1, max_size=2),
        "strides": st.none() | st.lists(st.integers(1, 2), min_size=1, max_size=2),
        "pooling": st.lists(st.sampled_from(["no", "max", "avg"]), min_size=1, max_size=2),
        "upsampling": st.sampled_from(["transpose", "unpool_transpose", "nearest", "bilinear"]),
        "batch_norm": st.sampled_from([None, "before", "after"]),
        "use_bias": st.booleans(),
        "skips": st.booleans(),
        "mlp": st.booleans(),
    }
)


@settings(max_examples=40)
@given(architectures, st.lists(st.integers(1, 5), min_size=1, max_size=3), st.sampled_from([1, 3]))
def test_weights_are_counted_without_building(flags, dims, channels):
    flags = flags | ({"dims": dims} if flags["mlp"] else {})
    architecture = Settings.from_flags(flags).architecture
    models = build(architecture, (37, 33), channels)
    built = models.encoder.count_params() + models.decoder.count_params()
    assert sum(parameters(architecture, (37, 33), channels).values()) == built


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"dims": [1_000_000_000]}, "--dims: the network would have .* weights"),
        ({"filters": [99999999999999999999]}, "--filters or --dims: the network would have"),
        ({"kernel_size": [100_000_000]}, "--filters or --kernel_size: the network would have"),
        ({"dims": [10**200, 10**200]}, "--dims: the network would have .* which take billions of GB"),
    ],
)
def test_networks_beyond_the_memory_are_refused(flags, said):
    with pytest.raises(UsageError, match=said):
        check_size(Architecture(**flags), (64, 64), 1, 32)


def test_batches_beyond_the_memory_are_refused(monkeypatch):
    monkeypatch.setattr("autoencoder.sizes.available_memory", lambda: 2**30)
    check_size(Architecture(), (64, 64), 1, 32)
    with pytest.raises(UsageError, match="--batch_size=1000000: training takes more than"):
        check_size(Architecture(), (64, 64), 1, 1_000_000)


@pytest.mark.parametrize("flag", ["--dims=[1000000000]", "--filters=[99999999999999999999]", "--batch_size=9999999999"])
def test_the_command_refuses_before_tensorflow_starts(program, folders, flag):
    result = program("run", f"--train_dir={folders / 'train'}", flag)
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {flag.partition('=')[0]}") and len(result.stderr.splitlines()) == 1


class TestControlGroups:
    @pytest.fixture
    def root(self, tmp_path):
        (tmp_path / "groups" / "outer" / "inner").mkdir(parents=True)
        (tmp_path / "own").write_text("0::/outer/inner\n")
        return tmp_path / "groups"

    def write(self, group, most, used, cache=0):
        (group / "memory.max").write_text(f"{most}\n")
        (group / "memory.current").write_text(f"{used}\n")
        (group / "memory.stat").write_text(f"anon 5\ninactive_file {cache}\nfile 7\n")

    def free(self, root):
        return memory._of_container(root, root.parent / "own")

    def test_without_any_there_is_no_limit(self, root):
        assert self.free(root) == 2**63 - 1

    def test_the_page_cache_does_not_count_as_used(self, root):
        self.write(root, 1000, 900, 600)
        assert self.free(root) == 700

    def test_the_narrowest_of_the_own_group_and_those_above_it_counts(self, root):
        self.write(root / "outer" / "inner", "max", 10)
        self.write(root / "outer", 500, 100, 50)
        self.write(root, 1000, 100)
        assert self.free(root) == 450
        self.write(root / "outer" / "inner", 100, 40)
        assert self.free(root) == 60

    def test_more_than_the_limit_leaves_nothing(self, root):
        self.write(root, 100, 200)
        assert self.free(root) == 0

    def test_version_1_is_read_too(self, root):
        (root.parent / "own").write_text("5:memory:/docker/abc\n1:name=systemd:/\n")
        group = root / "memory" / "docker" / "abc"
        group.mkdir(parents=True)
        (group / "memory.limit_in_bytes").write_text("1000")
        (group / "memory.usage_in_bytes").write_text("700")
        (group / "memory.stat").write_text("total_inactive_file 200\n")
        assert self.free(root) == 500
