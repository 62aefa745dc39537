import re

import pytest
import yaml

from autoencoder.settings import Architecture, Settings, Training
from autoencoder.training import precision
from autoencoder.training.precision import choose_precision, computes_bfloat16, processor_flags

AVX2 = "fpu sse2 avx2 fma"
#: What some processor's list of features begins with, and whether it multiplies bfloat16.
PROCESSORS = {
    "AVX2 only": (f"flags\t\t: {AVX2}\n", False),
    "AVX-512 without bfloat16": (f"flags\t\t: {AVX2} avx512f avx512_vnni\n", False),
    "avx512_bf16": (f"flags\t\t: {AVX2} avx512f avx512_bf16\n", True),
    "Intel's avx512_bf16": (f"vendor_id\t: GenuineIntel\nflags\t\t: {AVX2} avx512f avx512_bf16\n", True),
    "AMD's avx512_bf16": (f"vendor_id\t: AuthenticAMD\nflags\t\t: {AVX2} avx512f avx512_bf16\n", True),
    "AMD's AVX-512 without bfloat16": (f"vendor_id\t: AuthenticAMD\nflags\t\t: {AVX2} avx512f\n", False),
    "amx_bf16": (f"flags\t\t: {AVX2} amx_bf16 amx_tile\n", True),
    "one core of two": (f"flags : {AVX2} avx512_bf16\n\nprocessor : 1\nflags : {AVX2}\n", False),
    "only a part of another word": (f"flags : {AVX2} xavx512_bf16\nmodel name : avx512_bf16\n", False),
    "ARM": ("processor : 0\nFeatures : fp asimd bf16 i8mm\n", False),
    "an empty file": ("", False),
}


@pytest.fixture
def processor(tmp_path, monkeypatch):
    """Let the processor have these features; None where the system does not list them."""
    for name in ("TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"):
        monkeypatch.delenv(name, raising=False)

    def fake(text):
        path = tmp_path / "cpuinfo"
        if text is not None:
            path.write_text(text)
        monkeypatch.setattr(precision, "CPUINFO", path)

    return fake


@pytest.mark.parametrize("name", PROCESSORS)
def test_bfloat16_is_taken_where_the_processor_has_instructions_for_it(processor, name):
    text, able = PROCESSORS[name]
    processor(text)
    assert computes_bfloat16() is able
    choice = choose_precision(Architecture(), Training())
    assert choice.precision == ("bfloat16" if name in ("amx_bf16", "AMD's avx512_bf16") else "float32")
    assert choice.note.startswith(f"--precision={choice.precision} is taken: ")


def test_contrast_is_float32_everywhere(processor):
    processor(PROCESSORS["amx_bf16"][0])
    assert choose_precision(Architecture(), Training(contrast=0.1)).precision == "float32"


def test_float32_is_taken_where_the_system_lists_no_features(processor):
    processor(None)
    assert processor_flags() == frozenset()
    assert choose_precision(Architecture(), Training()).precision == "float32"


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_network_with_batch_norm_is_float32_everywhere(processor, place):
    processor(PROCESSORS["amx_bf16"][0])
    choice = choose_precision(Architecture(batch_norm=place), Training())
    assert choice.precision == "float32"
    assert "batch normalization" in choice.note


@pytest.mark.parametrize(
    ("name", "value", "able"),
    [
        ("ONEDNN_MAX_CPU_ISA", "AVX2", False),
        ("ONEDNN_MAX_CPU_ISA", "avx512_core_vnni", False),
        ("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16", True),
        ("ONEDNN_MAX_CPU_ISA", "avx512_core_amx", True),
        ("ONEDNN_MAX_CPU_ISA", "default", True),
        ("DNNL_MAX_CPU_ISA", "AVX2", False),
        ("TF_ENABLE_ONEDNN_OPTS", "0", False),
        ("TF_ENABLE_ONEDNN_OPTS", "1", True),
    ],
)
def test_instructions_that_tensorflow_may_not_use_do_not_count(processor, monkeypatch, name, value, able):
    processor(PROCESSORS["avx512_bf16"][0])
    monkeypatch.setenv(name, value)
    assert computes_bfloat16() is able


@pytest.mark.parametrize("name", PROCESSORS)
@pytest.mark.parametrize("wanted", ["float32", "bfloat16"])
def test_what_is_asked_for_is_taken_and_slow_bfloat16_warned_of(processor, name, wanted):
    text, able = PROCESSORS[name]
    processor(text)
    choice = choose_precision(Architecture(batch_norm="before"), Training(precision=wanted))
    assert choice.precision == wanted
    if wanted == "bfloat16" and not able:
        assert choice.note.startswith("warning: ") and re.search(r"ten times.*425 seconds, not 42", choice.note)
    else:
        assert choice.note == ""


@pytest.mark.parametrize(("name", "taken"), [("AVX2 only", "float32"), ("amx_bf16", "bfloat16")])
def test_a_run_says_and_keeps_the_precision_that_it_was_made_in(
    processor, folders, tmp_path, monkeypatch, capsys, request, name, taken
):
    if taken == "bfloat16":
        request.getfixturevalue("bfloat16")
    from autoencoder.cli.main import main

    monkeypatch.chdir(tmp_path)
    processor(PROCESSORS[name][0])
    flags = [f"--train_dir={folders / 'train'}", "--filters=[4]", "--train_epochs=1", "--save_dir=run"]
    assert main(["run", *flags]) == 0
    assert capsys.readouterr().out.count(f"--precision={taken} is taken: ") == 1
    kept = (tmp_path / "run" / "settings.yml").read_text()
    assert yaml.safe_load(kept)["precision"] == taken
    assert '"precision": "' + taken + '"' in (tmp_path / "run" / "provenance.json").read_text()
    assert Settings.from_flags(yaml.safe_load(kept)).training.precision == taken


def test_dry_run_says_what_auto_takes(processor, folders, tmp_path, monkeypatch, capsys):
    from autoencoder.cli.main import main

    monkeypatch.chdir(tmp_path)
    processor(PROCESSORS["amx_bf16"][0])
    assert main(["run", "--dry_run", f"--train_dir={folders / 'train'}"]) == 0
    assert "--precision=bfloat16 is taken: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("cards", "taken"),
    [([(8, 0)], "bfloat16"), ([(9, 0), (7, 5)], "float32"), ([(10, 0)], "bfloat16"), ([None], "float32")],
)
def test_graphics_cards_decide_where_there_are_some(processor, monkeypatch, cards, taken):
    import tensorflow as tf

    processor(f"flags : {AVX2}\n")
    details = [{} if each is None else {"compute_capability": each} for each in cards]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: details)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda device: device)
    assert choose_precision(Architecture(), Training()).precision == taken
    assert choose_precision(Architecture(batch_norm="before"), Training()).precision == "float32"
    assert choose_precision(Architecture(), Training(precision="bfloat16")).note == ""
