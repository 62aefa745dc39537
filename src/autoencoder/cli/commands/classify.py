"""`classify`: teach a classifier on a saved encoder, with many labels or with few."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ...errors import UsageError
from ...settings import Output, Resuming
from ...settings.classification import Classifier, Labelled
from ...settings.fields import Section
from ...settings.pretrained import Pretrained
from ...settings.types import RunName
from ...storage.new_run import check_free
from ...storage.run import Run
from ...tensorflow_start import start_tensorflow
from ..command import Command

if TYPE_CHECKING:
    from ...workflows.series import Series


class Options(Section):
    """The encoder, and where the classifier is kept."""

    run: RunName = Field(
        description="a run's folder, its name in logs/, `latest`, the file of an encoder (.keras or .h5), or a Keras "
        "application: MobileNetV2"
    )
    save_dir: Path | None = Field(None, description="the new run's folder; auto: logs/classifier_<date>_<time>")
    verbose: Annotated[int, Field(ge=0, le=1)] = Field(1, description="0: silent; 1: a line per epoch")


def execute(
    options: Options, labelled: Labelled, wanted: Classifier, pretrained: Pretrained, resuming: Resuming
) -> Any:
    """Teach, or go on with it, and return the run; for several numbers of labels the folder of their curve."""
    from ...workflows.pretrained import find_encoder
    from ...workflows.series import CURVE, is_series, unfinished_series
    from ...workflows.unfinished import kept_sections, unfinished_sections

    going_on = series = None
    if resuming.resume is not None and options.save_dir is not None:
        raise UsageError(f"--save_dir={options.save_dir}: --resume goes on in the run's own folder; leave it out")
    if resuming.resume is not None and is_series(resuming.resume):
        series = unfinished_series(resuming.resume, CURVE)
        labelled, wanted = kept_sections(resuming.resume, series.flags, (labelled, wanted))
    elif resuming.resume is not None:
        going_on, (labelled, wanted) = unfinished_sections(resuming.resume, "classify", (labelled, wanted))
    located = find_encoder(options.run, pretrained)
    output = Output(save_dir=options.save_dir, save_prefix="classifier", verbose=options.verbose)
    check_free(output)
    several = len(wanted.labels_per_class) > 1
    from ...workflows.labelled import find_labelled_for

    found = find_labelled_for(located.run, labelled, wanted)
    start_tensorflow()
    from ...workflows.classify import classify, open_source
    from ...workflows.label_curve import draw_label_curve

    source, data = open_source(located, labelled, found, output)
    if not several:
        return classify(source, data, wanted, save_every=resuming.save_every, going_on=going_on).run
    return draw_label_curve(source, data, wanted, save_every=resuming.save_every, series=series)


def compare(results: dict[str, Any], series: Series) -> Path | None:
    """Draw the losses of several classifiers in one picture, and return its folder; None of curves of labels."""
    from ...workflows.compare import compare_losses
    from ...workflows.series import is_series

    runs = {name: result for name, result in results.items() if isinstance(result, Run)}
    curves = any(is_series(str(path)) for path in series.runs.values())
    return None if curves else compare_losses(runs, series)


def complete(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the flags with those of the run or curve that is gone on with, which need not be given again."""
    from ...workflows.series import CURVE, is_series, unfinished_series
    from ...workflows.unfinished import kept_flags

    if flags.get("resume") is None:
        return flags
    name = str(flags["resume"])
    kept = unfinished_series(name, CURVE).flags if is_series(name) else kept_flags(name, "classify")
    return {**kept, **flags}


COMMAND = Command(
    "Teach a classifier on a saved encoder: first its head, then everything.",
    sections=(Options, Labelled, Classifier, Pretrained, Resuming),
    execute=execute,
    words=("run",),
    compare=compare,
    complete=complete,
)
