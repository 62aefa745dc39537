"""The autoencoder: images to embeddings, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from ..data.rules import AS_STORED, Rules
from ..data.source import ImageSource, changed_rules
from ..errors import DataError, ModelFileError, UsageError
from ..settings import Architecture, Data, Output, Settings, Training
from ..storage.run import CACHE, Run
from ..tensorflow_start import start_tensorflow
from .base import RunEstimator, absolute, described, is_path, keywords, values_of

if TYPE_CHECKING:
    from ..data.listing import Images
    from ..model.encoder import Encoder
    from ..workflows.embeddings import Embeddings


class Networks(NamedTuple):
    """Keras models: images to embeddings, and what makes images of them again; a foreign encoder has no such."""

    encoder: Any
    decoder: Any = None
    autoencoder: Any = None


class Autoencoder(RunEstimator):
    """A convolutional autoencoder.

    Parameters are the flags of `flexae run`; None is what these call auto or none. `fit` writes nothing to disk unless
    `save_dir` is given: then it leaves what the command leaves.

    Attributes
    ----------
    networks_ : Networks
        The Keras models `encoder`, `decoder` and `autoencoder`.
    settings_ : Settings
        What the parameters became once the images were looked at.
    scores_ : dict
        Errors of training and validation images, beside those of a PCA of the same width.
    history_ : dict of lists
        A value an epoch.
    rules_ : Rules
        How files become pixels.
    run_ : Run or None
        The folder that was left.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> images = (load_digits().images[:60] / 16).astype("float32")
    >>> ae = Autoencoder(filters=(4,), dims=(3,), train_epochs=1).fit(images)
    >>> ae.transform(images).shape
    (60, 3)
    >>> ae.inverse_transform(ae.transform(images)).shape
    (60, 8, 8)
    """

    _learned = "networks_"
    _made_later = ("clusters", "embeddings")
    __init__ = keywords(Settings.sections)

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Train.

        Parameters
        ----------
        X : path or array
            A folder of images or an idx file; or images of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3), uint8 or
            floats in [0, 1]. None: `train_dir`.
        y : sequence of n values, optional
            Classes of an array's images. They are not learned; each keeps its share of the validation images.

        Raises
        ------
        UserError
            Of any kind. Wrong parameters and wrong images are also `ValueError`.
        """
        return self._train(X, y, keep=self.save_dir is not None)

    def run(self) -> Run:
        """Train on `train_dir`, and leave a folder and a row in logs/aescore.csv, as `flexae run` does."""
        run = self._train(None, None, keep=True).run_
        assert run is not None
        return run

    def _train(self, images: Any, classes: Any, *, keep: bool) -> Self:
        from ..workflows.images import prepare

        flags, array = self.changed(), None
        if images is not None and not is_path(images):
            array = ImageSource.of_array(images, classes)
        elif images is not None and self.train_dir is not None:
            raise UsageError("the images are given twice, to fit and as train_dir; leave one out")
        elif images is not None:
            flags["train_dir"] = absolute(images)
        if self.save_dir is not None:
            flags["save_dir"] = absolute(self.save_dir)
        settings, listings = prepare(Settings.from_flags(flags), array)
        start_tensorflow()
        from ..workflows.train import train

        trained = train(settings, listings, keep=keep)
        self._trained, self.run_ = trained._replace(images=None), trained.run
        self.networks_, self.settings_ = Networks(*trained.models), trained.settings
        self.rules_ = changed_rules(AS_STORED, trained.settings.data)
        self.scores_, self.history_ = trained.scores, trained.fitted.history
        self._form = _form(images)
        return self

    def transform(self, X: Any) -> Embeddings:
        """Embed images.

        Parameters
        ----------
        X : path or array
            As for `fit`. Files are read and brought to shape as the training images were; an array must have their
            shape.

        Returns
        -------
        Embeddings
            `.vectors` is float32 of shape (n, width), `.paths` the names of the files; NumPy takes it as an array.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the images cannot be used. It is also a `ValueError`.
        """
        return self.embed(X)[0]

    def embed(self, X: Any, y: Any = None) -> tuple[Embeddings, Images]:
        """Embed images as `transform` does; return the decoded images too, and keep classes that are given."""
        self.check_fitted("networks_")
        from ..workflows.embeddings import embed

        source, listing = self.source(X, y).look()
        return embed(self.encoder(), source, listing, CACHE)

    def source(self, X: Any, y: Any = None) -> ImageSource:
        """Return images, a path or an array, with the rules that they are read by; an array's must fit the encoder."""
        if is_path(X):
            return ImageSource(absolute(X), max_bad=self.settings_.data.max_bad, rules=self.rules_)
        source = ImageSource.of_array(X, y)
        assert source.array is not None and source.array.pixels is not None
        shape, wanted = source.array.pixels.shape[1:], self.networks_.encoder.input.shape[1:]
        if (*shape[:2], *(shape[2:] or (1,))) != wanted:
            raise DataError(f"images must be of shape {wanted}, as this encoder takes them, and these are of {shape}")
        return source

    def encoder(self) -> Encoder:
        """Return the encoder as a function from float32 images to vectors, with the shape that it takes."""
        self.check_fitted("networks_")
        from ..model.encoder import encoder_of

        return encoder_of(self.networks_.encoder, Path("the encoder"))

    def fit_transform(self, X: Any, y: Any = None) -> Embeddings:
        """Train, and embed the same images."""
        return self.fit(X, y).transform(X)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Make images of embeddings.

        Parameters
        ----------
        X : Embeddings, or array of shape (n, width)

        Returns
        -------
        array of shape (n, h, w), or (n, h, w, channels)
            In the form of what was fitted: of gray arrays without channels; float32 in [0, 1] where these were floats,
            else uint8.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the vectors are not finite, or not as wide as the embedding.
        """
        self.check_fitted("networks_")
        if self.networks_.decoder is None:
            raise ModelFileError("there is only an encoder here, and no decoder that makes images of its embeddings")
        from ..clustering.vectors import check_vectors
        from ..model.apply import applied

        vectors, shape = check_vectors(np.asarray(X)), self.networks_.decoder.input.shape[1:]
        if vectors.shape[1] != np.prod(shape):
            raise DataError(f"the vectors are {vectors.shape[1]} wide, and this embedding is {np.prod(shape)} wide")
        images = applied(self.networks_.decoder)(vectors.reshape(len(vectors), *shape))
        return self._formed(images)

    def _formed(self, images: np.ndarray) -> np.ndarray:
        flat, floats = self._form
        images = images[..., 0] if flat else images
        return images if floats else (images.clip(0, 1) * 255).round().astype(np.uint8)

    def score(self, X: Any, y: Any = None) -> float:
        """Return minus the mean squared error of the images and what the network makes of them, in [0, 1]."""
        _, images = self.embed(X)
        if self.networks_.autoencoder is None:
            raise ModelFileError("there is only an encoder here, and nothing that rebuilds images")
        from ..metrics.reconstruction import score
        from ..model.apply import applied, fitting_batch

        network = self.networks_.autoencoder
        return -score(images.pixels, applied(network), batch_size=fitting_batch(network, 256)).mse

    def _write(self, run: Run) -> None:
        from ..workflows.save import begin, save_models, write_about

        trained = self._trained
        begin(run, trained.settings, trained.models, trained.made, trained.bad)
        save_models(run, trained.settings, trained.models)
        write_about(run, trained)
        run.write_provenance(trained.made)

    @classmethod
    def open(cls, run: Run, encoder: Path, rules: Rules | None = None) -> Self:
        """Return the autoencoder of a run, or what a single encoder file can do; `rules` say how files are read."""
        start_tensorflow()
        from ..model.saved import load

        data, architecture, training, output = (run.section(kind) for kind in (Data, Architecture, Training, Output))
        settings = Settings(data=data, architecture=architecture, training=training, output=output)
        # What follows from the images that were learned is left out: others may be learned.
        learned = data.model_copy(update={"train_dir": None, "valid_dir": None, "image_shape": None, "color": None})
        estimator = cls(**values_of(learned, architecture, training.model_copy(update={"precision": None}), output))
        # A clustering's folder holds an encoder too, and is no run.
        whole = (run.decoder, run.autoencoder) if encoder == run.encoder and run.settings_file.is_file() else ()
        rest = [load(file) if file.is_file() else None for file in whole]
        estimator.networks_ = Networks(load(encoder), *rest)
        estimator.settings_, estimator.run_, estimator._form = settings, run if whole else None, (False, False)
        estimator.rules_ = changed_rules(AS_STORED, data) if rules is None else rules
        estimator.scores_, estimator.history_ = run.scores() if whole and run.scores_file.is_file() else {}, {}
        return estimator


def _form(images: Any) -> tuple[bool, bool]:
    """Say whether images came without channels, and whether they came as floats."""
    if images is None or is_path(images):
        return False, False
    array = np.asarray(images)
    return array.ndim == 3, array.dtype.kind == "f"


Autoencoder.__doc__ = described(Autoencoder.__doc__, Settings.sections)
