"""Say, a sentence each with what to do, why what was trained may be of no use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..settings import Architecture, Settings, Training
from ..settings.restoration import RestoreSettings


def doubts_of_run(settings: Settings, scores: Mapping[str, Any]) -> list[str]:
    """Doubt a network that a PCA of its width beats or is not left behind, and an embedding that is half unused."""
    found = []
    architecture, training = settings.architecture, settings.training
    if architecture.linear_path and not scores["best_epoch"]:
        found.append(
            "be careful: no epoch was better than the PCA that training began with, so the network is that PCA; try "
            + _choice([_longer(training), "a smaller --learning_rate"])
        )
    # With contrast of copies the reconstruction is not what the embedding is for.
    elif not training.by_views and scores["pca_mse"] is not None and scores["valid_mse"] > scores["pca_mse"]:
        mse = [] if training.loss == "mse" else ["--loss=mse"]
        wider = [] if architecture.backbone else ["more --filters"]
        found.append(
            "be careful: a PCA of the same width rebuilds the validation images better than this network; try "
            + _choice([_longer(training), *mse, *wider])
        )
    width, used = scores["embedding_size"], scores["used_numbers"]
    if 2 * used < width or not used:
        found.append(
            f"be careful: only {used:,} of the embedding's {width:,} numbers tell images apart; try "
            + _choice([*_livelier(architecture), "a smaller --learning_rate"])
        )
    return found


def doubts_of_restoring(settings: RestoreSettings, scores: Mapping[str, Any]) -> list[str]:
    """Doubt a network whose images lie further from their originals than the damaged ones do."""
    # Of images that are no codes every block may be right from the start; then the pixels tell.
    for name in ("hamming", "mse"):
        before, after = scores[f"{name}_before"], scores[f"{name}_after"]
        if after < before:
            return []
        if after > before:
            architecture = settings.architecture
            wider = ["more --dims"] if architecture.mlp and not architecture.skips else []
            skips = [] if architecture.skips else ["--skips"]
            return [
                "be careful: the restored images are further from their originals than the damaged ones were; try "
                + _choice([_longer(settings.training), *skips, *wider, "a smaller --learning_rate"])
            ]
    return []


def _longer(training: Training) -> str:
    return f"more --train_epochs (they were {training.train_epochs:,})"


def _livelier(architecture: Architecture) -> list[str]:
    """Return what lets more of the embedding's numbers differ between images."""
    if not architecture.mlp:
        return [] if architecture.backbone else ["fewer --filters on the last level"]
    linear = [] if architecture.last_activation == "linear" else ["--last_activation=linear"]
    return [*linear, *(["fewer --dims"] if architecture.dims[-1] > 1 else [])]


def _choice(ways: list[str]) -> str:
    return ways[0] if len(ways) == 1 else f"{', '.join(ways[:-1])} or {ways[-1]}"
