"""The restorer: damaged images to clean ones, learned from pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np

from ..data.in_memory import check_array
from ..data.listing import ARRAY
from ..data.pairs import FEWEST, Pair
from ..errors import DataError
from ..settings.restoration import RestoreSettings
from ..storage.run import Run
from ..tensorflow_start import start_tensorflow
from .base import RunEstimator, absolute, described, is_path, keywords, values_of

_GIVEN_TO_FIT = ("modified", "original")


class Restorer(RunEstimator):
    """A network that makes clean originals of damaged images, tile by tile.

    Parameters are the flags of `flexae restore_train`; None is what these call auto or none. Nothing is written unless
    `save_dir` is given.

    Attributes
    ----------
    network_ : keras.Model
        Tiles to tiles.
    settings_ : RestoreSettings
    scores_ : dict
        Hamming distances and errors of the test images, before and after.
    run_ : Run or None
        The folder that was left.

    Examples
    --------
    >>> import numpy as np
    >>> clean = np.random.default_rng(0).integers(0, 2, (12, 4, 4)).repeat(6, 1).repeat(6, 2).astype("uint8") * 255
    >>> damaged = clean // 2
    >>> restorer = Restorer(tile_side=24, step_size=24, filters=(4,), train_epochs=1).fit(damaged, clean)
    >>> restorer.transform(damaged).shape
    (12, 24, 24)
    """

    _learned = "network_"
    __init__ = keywords(RestoreSettings.sections, without=_GIVEN_TO_FIT)

    def fit(self, X: Any, y: Any) -> Self:
        """Learn.

        Parameters
        ----------
        X : path or array
            Damaged images: a folder, or images of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3), uint8 or floats in
            [0, 1].
        y : path or array
            Their clean originals, in the same form; files of one name make a pair.

        Raises
        ------
        UserError
            Of any kind. Wrong parameters and wrong images are also `ValueError`.
        """
        from ..workflows.pairs import load_splits, prepare_array, prepare_pairs, split_pairs

        folders = is_path(X)
        given = {"modified": absolute(X), "original": absolute(y)} if folders else dict.fromkeys(_GIVEN_TO_FIT, ARRAY)
        asked = RestoreSettings.from_flags({**self.changed(), **given})
        if folders:
            settings, matched = prepare_pairs(asked)
            start_tensorflow()
            splits = load_splits(settings, matched)
        else:
            pairs = _pairs(X, y)
            settings = prepare_array(asked, pairs)
            splits = split_pairs(settings, pairs)
        start_tensorflow()
        from ..workflows.restore_train import restore_train

        self._trained = restore_train(settings, splits, keep=self.save_dir is not None)
        self.run_, self.scores_ = self._trained.run, self._trained.scores
        self.network_, self.settings_ = self._trained.models.autoencoder, self._trained.settings
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Restore images of any size that a tile fits into.

        Parameters
        ----------
        X : array of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3)
            uint8, or floats in [0, 1].

        Returns
        -------
        array of the same shape and type

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the images cannot be used. It is also a `ValueError`.
        """
        self.check_fitted("network_")
        from ..model.apply import applied
        from ..workflows.restore import restored_image

        given, codes = np.asarray(X), self.settings_.codes
        pixels = check_array(given)
        pixels = pixels if pixels.ndim == 4 else pixels[..., None]
        channels, side = self.network_.input.shape[-1], codes.tile_side
        if pixels.shape[3] != channels or min(pixels.shape[1:3]) < side:
            raise DataError(
                f"images must have {channels} channels and sides of {side} pixels at least, and these are of "
                f"{given.shape}"
            )
        restore = applied(self.network_)
        restored = np.stack([restored_image(image.copy(), codes, restore) for image in pixels]).reshape(given.shape)
        return (restored / 255).astype(given.dtype) if given.dtype.kind == "f" else restored

    def restore(self, images: Any, out: Any, *, binarize: bool = False) -> Path:
        """Restore the files of a folder, or one file, into a new folder `out`, as `flexae restore` does."""
        self.check_fitted("network_")
        from ..data.single import files_of
        from ..files import check_new, probe
        from ..workflows.restore import restore_files

        check_new(absolute(out))
        probe(absolute(out))
        return restore_files(self.network_, self.settings_.codes, files_of(absolute(images)), absolute(out), binarize)

    def _write(self, run: Run) -> None:
        from ..workflows.restore_train import save_models, write_about
        from ..workflows.save import begin

        trained = self._trained
        begin(run, trained.settings, trained.models, trained.made, trained.bad)
        save_models(run, trained.settings, trained.models)
        write_about(run, trained)
        run.write_provenance(trained.made)

    @classmethod
    def open(cls, run: Run, settings: RestoreSettings) -> Self:
        """Return the restorer that `flexae restore_train` or `save` left in a folder."""
        start_tensorflow()
        from ..model.saved import load

        given = values_of(settings.pairs, settings.codes, settings.architecture, settings.training, settings.output)
        estimator = cls(**{name: value for name, value in given.items() if name in cls._parameters()})
        estimator.network_, estimator.settings_ = load(run.autoencoder), settings
        estimator.run_, estimator.scores_ = run, run.scores()
        return estimator


def _pairs(modified: Any, original: Any) -> list[Pair]:
    damaged, clean = check_array(modified), check_array(original)
    if damaged.shape != clean.shape:
        raise DataError(f"damaged images of {damaged.shape} and originals of {clean.shape}: give them in one shape")
    if len(damaged) < FEWEST:
        raise DataError(f"there are {len(damaged)} pairs, and {FEWEST} are needed: to learn, to choose and to judge")
    if damaged.ndim == 3:
        damaged, clean = damaged[..., None], clean[..., None]
    return [Pair(f"#{row:06d}", one, other) for row, (one, other) in enumerate(zip(damaged, clean, strict=True))]


Restorer.__doc__ = described(Restorer.__doc__, RestoreSettings.sections, _GIVEN_TO_FIT)
