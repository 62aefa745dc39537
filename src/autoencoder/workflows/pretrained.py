"""RUN as a network from elsewhere: a Keras application by its name, or the file of a model made elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from ..data.source import ImageSource
from ..digests import replacing_bound
from ..errors import ModelFileError, UsageError
from ..files import probe
from ..model.origin import brings_pixels, made_here, taken_by
from ..model.preprocessing import PREPROCESSING, averaged_note
from ..settings import Architecture, Output
from ..settings.backbones import BACKBONES, SEEN_SIDE, backbone
from ..settings.fields import nearest
from ..settings.imagenet import weights_file
from ..settings.pretrained import Pretrained
from ..settings.types import Preprocess
from ..storage import new_run
from ..storage.lookup import locate, under_logs
from ..storage.provenance import Provenance, encoder_record
from ..storage.run import CACHE, Run

if TYPE_CHECKING:
    from ..data.listing import Images, Listing
    from ..model.encoder import Encoder
    from .embeddings import Embeddings

log = logging.getLogger("autoencoder")

HOW_TO_TELL = (
    "its documentation, or the code that trained it, says what it does with pixels (preprocess_input, Normalize, "
    "Rescaling), and where that is a layer of the network itself, give what goes into it: most often bytes"
)


class Network(NamedTuple):
    """A network from elsewhere, and the images that it is to see.

    `file` is that of the network, or of an application's weights; None of an application's random ones.
    """

    name: str
    file: Path | None
    architecture: Architecture
    image_shape: tuple[int, int]
    channels: int = 3

    def flags(self) -> dict[str, Any]:
        """Return what names it on the command line."""
        architecture = self.architecture
        own = {"encoder_weights": architecture.encoder_weights, "preprocess": architecture.preprocess}
        return {"run": architecture.encoder_from, **own, "image_shape": list(self.image_shape)}


class Located(NamedTuple):
    """An encoder that was found: `file`, and the run that it belongs to; or a network from elsewhere."""

    run: Run
    file: Path
    network: Network | None = None

    def probe(self) -> None:
        """Check, before any work, that results can be written to the run; a network from elsewhere gets a new one.

        Raises
        ------
        DiskError
            If they cannot.
        """
        if self.network is None:
            probe(self.run.path)


class Opened(NamedTuple):
    """An encoder, and its Keras or ONNX model where it is to be kept in a run of its own."""

    encoder: Encoder
    save: Callable[[Path], None] | None = None


def find_encoder(name: str, asked: Pretrained) -> Located:
    """Return the encoder that `name` means: a run, a file, or a Keras application; TensorFlow is not started.

    Parameters
    ----------
    name : str
    asked : Pretrained
        What is told of a network from elsewhere.

    Raises
    ------
    UsageError
        If there is no such run; something is told that does not belong to it, or is not told that must be.
    ModelFileError
        If there is no such file, it is damaged, or an application's weights are not there.
    """
    if name in BACKBONES:
        if asked.preprocess is not None:
            raise UsageError(
                f"--preprocess={asked.preprocess}: {name} has a preprocessing of its own, which is done; leave it out"
            )
        return _application(name, asked)
    try:
        run, file = locate(name)
    except UsageError as error:
        near = nearest(name, BACKBONES) if name.isalnum() else ""  # names of runs hold a date
        raise UsageError(f"{error}{near}") from error
    named = under_logs(Path(name)) == file  # a run's folder holds what this program made
    foreign = named and (not made_here(file) or (file.suffix == ".h5" and asked.preprocess is not None))
    if not foreign:
        for flag in type(asked).model_fields:
            if asked.changed(flag):
                raise UsageError(f"--{flag} is of a network from elsewhere, and {name} is none: leave it out")
        return Located(run, file)
    return _foreign(name, file, asked)


def _application(name: str, asked: Pretrained) -> Located:
    least, weights = BACKBONES[name].least_side, asked.encoder_weights
    shape = asked.image_shape or (max(least, SEEN_SIDE),) * 2
    backbone(name, shape)
    file = weights_file(name, weights)
    named = weights if file is None or weights == "imagenet" else str(file)
    architecture = Architecture(encoder_from=name, encoder_weights=named, mlp=False)
    return Located(Run(Path(name)), file or Path(name), Network(name, file, architecture, shape))


def _foreign(name: str, file: Path, asked: Pretrained) -> Located:
    if asked.changed("encoder_weights"):
        raise UsageError(
            f"--encoder_weights={asked.encoder_weights} is of a Keras application, and {name} has weights of its own; "
            "leave it out"
        )
    kind = wanted_pixels(name, file, asked.preprocess)
    height, width, channels = taken_by(file)
    own = (height, width) if height is not None and width is not None else None
    if own is not None and asked.image_shape not in (None, own):
        raise UsageError(f"--image_shape: {name} takes images of {own[0]} x {own[1]} pixels alone; leave it out")
    if channels == 1 and PREPROCESSING[kind].for_color:
        raise UsageError(f"--preprocess={kind}: is for colour, and {name} takes grey images; name another")
    chosen = asked.image_shape or (SEEN_SIDE,) * 2
    architecture = Architecture(encoder_from=str(file.absolute()), preprocess=kind, mlp=False)
    network = Network(name, file.absolute(), architecture, (height or chosen[0], width or chosen[1]), channels)
    # Its own path is no folder: what lies beside the file is none of its settings.
    return Located(Run(file), file, network)


def wanted_pixels(name: str, file: Path, given: Preprocess | None) -> Preprocess:
    """Return what a network from elsewhere wants its pixels to be, which must be told where its file does not say it.

    Raises
    ------
    UsageError
        Says how to tell.
    """
    if brings_pixels(file):
        if given not in (None, "unit"):
            raise UsageError(f"--preprocess={given}: {name} makes of pixels what it wants by itself; leave it out")
        return "unit"
    if given is None:
        kinds = ", ".join(get_args(Preprocess))
        raise UsageError(
            f"{name}: was not made by this program, and does not say what values its pixels are to have; give "
            f"--preprocess, one of {kinds}: {HOW_TO_TELL}"
        )
    return given


def open_located(located: Located) -> Opened:
    """Open an encoder that was found; TensorFlow is started where it is needed.

    Raises
    ------
    ModelFileError
        If it cannot be used.
    """
    from ..model.encoder import encoder_of, open_encoder, open_onnx

    network = located.network
    if network is None:
        return Opened(open_encoder(located.file))
    if located.file.suffix == ".onnx":
        from ..model.onnx_graph import as_encoder

        kind = network.architecture.preprocess or "unit"
        content = as_encoder(located.file, kind, network.image_shape).SerializeToString()
        return Opened(open_onnx(located.file, content), partial(_write, content))
    from ..model.saved import save

    model = open_model(network)
    return Opened(encoder_of(model, located.file), partial(save, model))


def open_model(network: Network) -> Any:
    """Open a network from elsewhere as a Keras model that is an encoder by itself; say what becomes of feature maps.

    Raises
    ------
    ModelFileError
        If it cannot be used, or is ONNX.
    """
    if network.file is not None and network.file.suffix == ".onnx":
        raise ModelFileError(f"{network.name}: an ONNX model cannot be trained further; name a .keras file")
    from ..tensorflow_start import start_tensorflow

    start_tensorflow()
    import keras

    from ..model.backbone import BACKBONE, open_embedding

    keras.utils.set_random_seed(1)  # of weights that are none's
    model = open_embedding(network.architecture, network.image_shape, network.channels)
    given = model.get_layer(BACKBONE).output.shape[1:]
    if len(given) > 1:
        places = " x ".join(map(str, given[:-1]))
        log.info(averaged_note(network.name, given[-1], places))
    return model


def _write(content: bytes, path: Path) -> None:
    with replacing_bound(path) as temporary:
        temporary.write_bytes(content)


def embed_located(
    located: Located, source: ImageSource, listing: Listing, command: str
) -> tuple[Run, Encoder, Embeddings, Images]:
    """Encode images by an encoder that was found; one from elsewhere is kept in a new run, to which results belong.

    Parameters
    ----------
    located : Located
    source : ImageSource
    listing : Listing
        The images.
    command : str
        What the encoder was asked for by.

    Returns
    -------
    run : Run
    encoder : Encoder
        Its path is that of the file in the run.
    embeddings : Embeddings
    images : Images

    Raises
    ------
    UserError
        As `open_located` and `embeddings.embed`; nothing is kept then.
    """
    from .embeddings import embed

    opened = open_located(located)
    embeddings, images = embed(opened.encoder, source, listing, CACHE)
    run = kept(located, opened, command, source.to_flags(), source.to_record(images))
    return run, opened.encoder._replace(path=run.encoder if located.network else located.file), embeddings, images


def kept(located: Located, opened: Opened, command: str, flags: Mapping[str, Any], record: Mapping[str, Any]) -> Run:
    """Return the run that results belong to; of a network from elsewhere a new one in logs/, which holds it.

    Parameters
    ----------
    located : Located
    opened : Opened
    command : str
    flags, record : mapping
        The images, as settings and as a provenance have them.

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    network = located.network
    if network is None or opened.save is None:
        return located.run
    stem = network.name if network.name in BACKBONES else located.file.stem
    run = new_run.create(Output(save_prefix=stem), datetime.now())
    settings = {**network.flags(), **flags}
    made = Provenance(command, settings, record, None if network.file is None else encoder_record(network.file))
    run.write_provenance(replace(made, finished=False))
    opened.save(run.exported("onnx") if located.file.suffix == ".onnx" else run.encoder)
    run.write_flags(settings)
    run.write_provenance(made)
    log.info(f"{network.name} is kept in {run.path}, as any run of this program: later commands take that")
    return run
