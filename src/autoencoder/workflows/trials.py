"""What one trial of a search is: a command carried out as ever, into a folder of its own, and its scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..metrics.trust import agreement
from ..settings import Architecture, Data, Output, Settings, Training
from ..settings.budget import Budget
from ..settings.classification import Classifier, Labelled
from ..settings.clustering import Clusters, Export
from ..settings.fields import ALIASES, Section
from ..settings.pretrained import Pretrained
from ..settings.restoration import FORMER_NAMES, Pairs, RestoreSettings
from ..settings.space import Searched
from ..settings.sweep import Begun
from ..storage.run import LOGS, Run
from ..tensorflow_start import start_tensorflow
from .unfinished import Unfinished, unfinished

Scores = dict[str, Any]
#: These change what a loss measures, so that a lower one is no better.
_OTHER_LOSSES = frozenset({"loss", "feature_layers", "feature_weights", "pixel_weight"})
#: With these an epoch's loss does not compare with another trial's at that epoch: there is no pruning.
UNEVEN = frozenset(
    {"progressive", "progressive_epochs", "kernel_regularizer", "bias_regularizer", "activity_regularizer"}
    | {"cnn_kernel_regularizer", "encoder_from", "encoder_use", "epochs", "scratch", "loss", "contrast_with"}
)


class Trial(NamedTuple):
    """A command that can be searched over: its sections, and what it does with them.

    `check` refuses what cannot be carried out, as far as that is known without TensorFlow; `carry_out` does the work
    into a folder, or goes on there with what was killed. `images` are the sections that say which images are judged.
    """

    sections: tuple[type[Section], ...]
    images: type[Section]
    check: Callable[[Sequence[Any]], None]
    carry_out: Callable[[Sequence[Any], Path, bool], Scores]
    aliases: dict[str, str] = ALIASES

    def searched(self, by: str) -> Searched:
        """Return what a space is read with, for what decides which trial is the best."""
        no_knobs = dict.fromkeys([*Output.model_fields, "max_bad", "run", "precision"], "decides about no result")
        if by in ("valid_loss", "valid_mse"):
            no_knobs |= dict.fromkeys([*self.images.model_fields, "seed"], "changes which images are judged, and how")
        if by == "valid_loss":
            no_knobs |= dict.fromkeys(_OTHER_LOSSES, "changes what the loss measures, so that a lower one is no better")
        return Searched(self.sections, self.aliases, no_knobs)


def _settings(sections: Sequence[Any], folder: Path | None = None) -> Settings:
    data, architecture, training, output = sections[:4]
    return Settings(data=data, architecture=architecture, training=training, output=_into(output, folder))


def _into(output: Output, folder: Path | None) -> Output:
    return output if folder is None else output.model_copy(update={"save_dir": folder})


def _check_run(sections: Sequence[Any]) -> None:
    from .images import prepare

    prepare(_settings(sections))


def _run(sections: Sequence[Any], folder: Path, goes_on: bool) -> Scores:
    from .images import prepare

    going_on = unfinished(str(folder), "run", Settings()) if goes_on else None
    settings, listings = prepare(_settings(sections, folder) if going_on is None else going_on.settings)
    start_tensorflow()
    from .train import train

    return train(settings, listings, going_on=going_on).scores


def _check_sort(sections: Sequence[Any]) -> None:
    from .budget import with_budget
    from .images import prepare

    asked, chosen = with_budget(_settings(sections), sections[4])
    listings = prepare(asked, chosen=chosen)[1]
    sections[5].check_count(len(listings.whole.paths))


def _sort(sections: Sequence[Any], folder: Path, goes_on: bool) -> Scores:
    from .budget import with_budget, with_method
    from .images import prepare

    going_on: Unfinished | None = unfinished(str(folder), "run", Settings()) if goes_on else None
    asked, chosen = with_budget(_settings(sections, folder), sections[4])
    settings, listings = prepare(asked, chosen=chosen) if going_on is None else prepare(going_on.settings)
    start_tensorflow()
    from .cluster import cluster_trained
    from .cluster_scores import Wanted
    from .train import train

    trained = train(settings, listings, going_on=going_on)
    if trained.scores["status"] != "done":
        return trained.scores
    assert trained.images is not None
    clusters = with_method(sections[5], settings, len(trained.images.paths))
    found, _ = cluster_trained(trained, listings.source, Wanted(clusters, Export(), {}, settings.training.seed))
    scores = Run(found.path).scores()
    return {**scores, **trained.scores, "agreement": agreement(scores), "k": scores["k"]}


def _check_restore(sections: Sequence[Any]) -> None:
    from .pairs import prepare_pairs

    prepare_pairs(RestoreSettings.from_sections(*sections))


def _restore(sections: Sequence[Any], folder: Path, goes_on: bool) -> Scores:
    from .pairs import load_splits, prepare_pairs

    *others, output = sections
    asked = RestoreSettings.from_sections(*others, output if goes_on else _into(output, folder))
    going_on = unfinished(str(folder), "restore_train", asked) if goes_on else None
    settings, matched = prepare_pairs(asked if going_on is None else going_on.settings)
    start_tensorflow()
    from .restore_train import restore_train

    return restore_train(settings, load_splits(settings, matched), going_on=going_on).scores


def _check_classify(sections: Sequence[Any]) -> None:
    from ..errors import UsageError
    from .labelled import find_labelled_for
    from .pretrained import find_encoder

    begun, labelled, wanted, pretrained = sections
    if wanted.few:
        raise UsageError("--labels_per_class leaves no label to judge a trial by; leave it out of a sweep")
    find_labelled_for(find_encoder(begun.run, pretrained).run, labelled, wanted)


def _classify(sections: Sequence[Any], folder: Path, goes_on: bool) -> Scores:
    from .labelled import find_labelled_for
    from .pretrained import find_encoder

    begun, labelled, wanted, pretrained = sections
    located = find_encoder(begun.run, pretrained)
    found = find_labelled_for(located.run, labelled, wanted)
    start_tensorflow()
    from .classify import classify, open_source

    output = Output(save_dir=folder, save_prefix="classifier")
    source, data = open_source(located, labelled, found, output)
    return classify(source, data, wanted).evaluation.scores


#: Every command that can be searched over.
TRIALS: dict[str, Trial] = {
    "run": Trial((Data, Architecture, Training, Output), Data, _check_run, _run),
    "sort": Trial((Data, Architecture, Training, Output, Budget, Clusters), Data, _check_sort, _sort),
    "classify": Trial((Begun, Labelled, Classifier, Pretrained), Labelled, _check_classify, _classify),
    "restore_train": Trial(RestoreSettings.sections, Pairs, _check_restore, _restore, FORMER_NAMES),
}


def folder_of(name: str, number: int) -> Path:
    """Return the folder of a trial, counted from 0, of a sweep of that name."""
    return LOGS / f"{name}_t{number + 1:03}"
