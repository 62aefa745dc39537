"""The benchmark's arithmetic and its page; nothing is measured here."""

import json
import sys
from pathlib import Path

import bench
import pytest
from bench_parts import decoder256, growth, measure, page

EPOCHS = [
    (1.0, "600 training and 100 validation images of 28 x 28 grayscale; 0 files could not be used"),
    (9.5, "epoch 1/3     3.5 s  loss 0.40000  val_loss 0.30000  best"),
    (11.5, "epoch 2/3     2.0 s  loss 0.20000  val_loss 0.25000  best"),
    (14.5, "epoch 3/3     3.0 s  loss 0.10000  val_loss 0.26000"),
]


def ran(lines):
    return measure.Ran(0.0, 0.0, 0, lines)


def test_epochs_are_read_from_what_run_prints():
    assert ran(EPOCHS).epochs() == [
        measure.Epoch(9.5, 3.5, 0.4, 0.3),
        measure.Epoch(11.5, 2.0, 0.2, 0.25),
        measure.Epoch(14.5, 3.0, 0.1, 0.26),
    ]
    assert ran(EPOCHS).later_epoch() == 2.5
    assert ran(EPOCHS).when("epoch") == 14.5


def test_epochs_are_read_from_the_very_line_that_training_prints(capsys):
    from autoencoder.cli.screen import shown
    from autoencoder.training.progress import EpochLines

    with shown():
        lines = EpochLines(12)
        lines.set_params({"steps": 1})
        lines.on_train_begin()
        lines.on_epoch_begin(0)
        lines.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.25})
        lines.on_train_end()
    (epoch,) = ran([(1.0, line) for line in capsys.readouterr().out.splitlines()]).epochs()
    assert (epoch.loss, epoch.val_loss) == (0.5, 0.25)


def test_losses_are_compared_when_the_shorter_training_ends():
    shorter = ran(
        [(6.0, "epoch 1/2  4.0 s  loss 0.5  val_loss 0.4"), (9.0, "epoch 2/2  3.0 s  loss 0.5  val_loss 0.35")]
    )
    # The epochs of EPOCHS end 3.5, 5.5 and 8.5 seconds after the first began, those of the shorter one 4 and 7.
    assert decoder256.at_equal_time(ran(EPOCHS), shorter) == (0.25, 0.35, 7.0)


def test_losses_are_compared_after_an_epoch_of_each():
    assert decoder256.at_equal_time(ran(EPOCHS), ran([(2.0, "epoch 1/1  1.0 s  loss 1.0  val_loss 0.9")]))[1:] == (
        0.9,
        3.5,
    )


def test_a_program_is_timed_and_its_lines_are_kept(tmp_path):
    done = measure.run([sys.executable, "-c", "print('one'); print('trained 5')"], tmp_path)
    assert [line for _, line in done.lines] == ["one", "trained 5"]
    assert 0 < done.lines[0][0] <= done.when("trained") <= done.wall
    assert done.cpu > 0
    assert done.peak > 1e6


def test_a_program_that_fails_is_told_with_what_it_wrote(tmp_path):
    with pytest.raises(RuntimeError, match=r"ended with 1:(.|\n)*no such thing"):
        measure.run([sys.executable, "-c", "raise ValueError('no such thing')"], tmp_path)


def test_contenders_take_turns():
    order = []
    found = measure.in_turns({name: lambda name=name: order.append(name) or len(order) for name in "ab"}, 2)
    assert order == ["a", "b", "a", "b"]
    assert found == {"a": [1, 3], "b": [2, 4]}


@pytest.mark.parametrize(("values", "expected"), [([5, 1, 10], 1), ([5, 3, 3], 0), ([5, 1, 100], 2)])
def test_slope_is_that_of_the_last_two_points(values, expected):
    assert measure.slope([1, 10, 100], values) == pytest.approx(expected)


def test_a_sample_links_the_first_files_of_each_class(tmp_path):
    for name in ("a/1.png", "a/2.png", "b/3.png"):
        (tmp_path / "all" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / name).write_text(name)
    part = measure.sampled(tmp_path / "all", tmp_path / "part", 1)
    assert sorted(file.read_text() for file in part.glob("*/*")) == ["a/1.png", "b/3.png"]
    assert measure.count_files(part) == 2


def test_figures_have_three_digits():
    assert [page.shown(value) for value in (1234567.8, 12.345, 0.00012345, 70_000, 0.0, "x")] == [
        "1,234,568",
        "12.3",
        "0.000123",
        "70,000",
        "0",
        "x",
    ]


def test_a_bar_is_judged_in_plain_words():
    assert page.at_least("speed", 2.0, 2.0) == "- Reached: speed: 2 times, at least 2 wanted."
    assert page.at_least("speed", 1.99, 2.0).startswith("- **Missed**: speed: 1.99 times")
    assert page.at_most("start", 0.5, 0.4, "s") == "- **Missed**: start: 0.5 s, at most 0.4 wanted."
    assert page.at_most("start", 0.4, 0.4, "s").startswith("- Reached")


def test_images_are_made_more_by_shifts():
    import numpy as np

    base = np.random.default_rng(0).integers(0, 256, (3, 8, 8), np.uint8)
    many = growth.grown(base, 8)
    assert many.shape == (8, 8, 8)
    assert len(np.unique(many.reshape(8, -1), axis=0)) == 8
    assert (many == growth.grown(base, 8)).all()


def test_the_page_holds_every_part_that_has_figures(tmp_path):
    figures = {"ceilings": {"cores": 2, "float32": 198.7654321, "bfloat16": 360.0}}
    figures["growth"] = {
        "run": [[1000, 9.0, 10**9], [10_000, 20.0, 10**9]],
        "encode": [[1000, 8.0, 10**9], [10_000, 9.0, 10**9], [100_000, 30.0, 10**9]],
    }
    (tmp_path / "performance").mkdir()
    for name, values in figures.items():
        (tmp_path / "performance" / f"{name}.json").write_text(json.dumps(bench.rounded(values)))
    bench.write_page(tmp_path)
    text = (tmp_path / "performance.md").read_text(encoding="utf-8")
    assert "| 2 | 199 | 360 |" in text
    assert "- Reached: run, seconds: slope: 0.347" in text
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        f"## {bench.PARTS[name].title}" for name in ("ceilings", "growth")
    ]
    assert (tmp_path / "pictures" / "growth.png").stat().st_size > 1000


def test_the_table_of_parts_names_every_module_of_parts():
    others = {"__init__", "draw", "measure", "original", "page", "stage", "torch_images"}
    assert set(bench.PARTS) == {path.stem for path in Path(measure.__file__).parent.glob("*.py")} - others
