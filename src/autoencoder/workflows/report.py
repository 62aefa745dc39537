"""Report: one page of HTML that shows a run, its images and its clusters."""

from __future__ import annotations

import contextlib
import csv
import logging
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from ..clustering.nearest import other_neighbours
from ..clustering.outliers import strangeness
from ..data.listing import Images
from ..errors import ModelFileError, UsageError
from ..metrics.embedding import EMBEDDED_IMAGES, used_numbers
from ..model.encoder import Encoder, open_encoder
from ..page.summary import Found, Grouping, Picture, Shown, summarize
from ..page.template import write_page
from ..progress import stage
from ..sampling import evenly_spread
from ..settings import Reading, Settings
from ..storage.lookup import images_of, locate
from ..storage.provenance import Provenance, encoder_record, keep_table, read_provenance, version
from ..storage.run import CACHE, Run
from .doubts import doubts_of_run
from .embeddings import Embeddings, embed
from .map_points import map_points
from .report_clusterings import find_clusterings
from .report_decoded import Decoder, decoder_of, errors_of, sweeps_of, walk_of, worst_of
from .report_sentences import sentences

log = logging.getLogger("autoencoder")

NEIGHBOURS = 12
OUTLIERS = 200
_WIDEST = 1600


class ReportSource(NamedTuple):
    """The run that is shown, the encoder that made the embeddings, and its decoder where there is one."""

    run: Run
    encoder: Path
    decoder: Decoder | None


def report(run: str | os.PathLike[str], images: str | os.PathLike[str] | None = None, **reading: Any) -> Path:
    """Write one file of HTML that shows a run: its map, groups, reconstructions, scores and settings.

    Parameters
    ----------
    run : str or path
        A run's folder, its name in logs/, "latest", or an encoder's file.
    images : path, optional
        A folder or an idx file; by default the images that the run was trained on.
    **reading
        How they are read, by the names of the flags: categories, max_images, max_bad, background, range, fit.

    Returns
    -------
    Path
        report.html in the run's folder; of other `images` a name that says which.

    Raises
    ------
    UserError
        If there is no such run, its images are gone, or the page cannot be written.
    """
    return make_report(os.fspath(run), None if images is None else Path(images), Reading(**reading))


def make_report(name: str, named: Path | None, reading: Reading) -> Path:
    """Do what `report` does, from checked flags."""
    run, encoder_file = locate(name)
    source, listing = images_of(run, named, reading).look()
    encoder = open_encoder(encoder_file)
    embeddings, images = embed(encoder, source, listing, CACHE)
    return write_report(ReportSource(run, encoder_file, open_decoder(run, encoder)), embeddings, images, named)


def open_decoder(run: Run, encoder: Encoder) -> Decoder | None:
    """Open the decoder beside an encoder; None where there is none that fits it."""
    if not run.decoder.is_file():
        return None
    from ..model.saved import load

    try:
        return decoder_of(load(run.decoder), encoder)
    except ModelFileError as error:
        log.info(f"note: {error}; the report shows no reconstructions")
        return None


def write_report(source: ReportSource, embeddings: Embeddings, images: Images, named: Path | None = None) -> Path:
    """Write the page of images and their embeddings into the run's folder, and say where.

    Parameters
    ----------
    source : ReportSource
    embeddings : Embeddings
    images : Images
        The decoded images that they are of.
    named : Path, optional
        The images that were asked for, where they are not those of the run.

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    with stage("collecting what the report shows"):
        data = summarize(collect(source, embeddings, images))
    if named is None:
        path = source.run.report
        write_page(data, path)
    else:
        record = embeddings.source.to_record(images)
        made = Provenance("report", {}, record, encoder_record(source.encoder))
        path = keep_table(source.run.report_of(embeddings.source.root), made, lambda place: write_page(data, place))
    log.info(f"the report is in {path}; open it in a browser, it needs nothing else")
    return path


def collect(source: ReportSource, embeddings: Embeddings, images: Images) -> Found:
    """Find all that a page shows of images, their embeddings, and what lies in the run's folder."""
    run, vectors = source.run, embeddings.vectors
    clusterings = find_clusterings(run, embeddings)
    points = map_points(vectors, clusterings.found[0].seed if clusterings.found else 1)
    distances, near = other_neighbours(vectors, NEIGHBOURS)
    scores, left_out = _scores(run), [*embeddings.bad, *clusterings.gone]
    used = used_numbers(vectors[evenly_spread(len(vectors), EMBEDDED_IMAGES)])
    decoded = _decoded(source.decoder, vectors, images.pixels, clusterings.found)
    history = _history(run.history_file)
    return Found(
        title=run.path.absolute().name,
        program=f"flexae {version()}",
        command=f"flexae report {shlex.quote(str(run.path))}",
        sentences=sentences(embeddings, scores, used, clusterings.found, left_out),
        warnings=[*_doubts(source, scores), *clusterings.warnings],
        left_out=left_out,
        settings=_settings(run),
        scores=scores,
        images=Shown(
            pixels=images.pixels,
            paths=embeddings.paths,
            root=str(embeddings.source.root),
            labels=embeddings.labels,
            errors=decoded.pop("errors", None),
            points=points,
            neighbours=near,
        ),
        history=history,
        best_epoch=scores.get("best_epoch"),
        pictures=_pictures(run),
        clusterings=clusterings.found,
        outliers=_outliers(distances),
        **decoded,
    )


def _decoded(
    decoder: Decoder | None, vectors: np.ndarray, pixels: Any, clusterings: Sequence[Grouping]
) -> dict[str, Any]:
    """Return what only a decoder can show, by the names of `Found`."""
    if decoder is None:
        return {}
    errors = errors_of(decoder, vectors, pixels)
    walk = walk_of(decoder, vectors, clusterings)
    base = walk.start if walk is not None else 0
    return {
        "errors": errors,
        "worst": worst_of(decoder, vectors, pixels, errors),
        "walk": walk,
        "sweeps": sweeps_of(decoder, vectors, base),
    }


def _outliers(distances: np.ndarray) -> list[int]:
    """Return the rows of the strangest images, the strangest first: a hundredth of all."""
    if not distances.shape[1]:
        return []
    order = np.argsort(-strangeness(distances), kind="stable")
    return [int(row) for row in order[: min(OUTLIERS, max(1, len(order) // 100))]]


def _doubts(source: ReportSource, scores: Mapping[str, Any]) -> list[str]:
    """Say what is to be doubted of a run: that it is not whole, or that its network learned little."""
    said = []
    made = read_provenance(source.run.provenance_file)
    if made is not None and not made.finished:
        said.append("The training was cut off before its end; this is what it left.")
    if source.decoder is None:
        said.append("There is no decoder beside this encoder, so no reconstructions are shown.")
    # A run of another command or of another program has other scores, or none.
    with contextlib.suppress(ModelFileError, UsageError, KeyError, TypeError):
        said += [_sentence(each) for each in doubts_of_run(Settings.from_flags(source.run.flags()), scores)]
    return said


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _scores(run: Run) -> dict[str, Any]:
    try:
        return run.scores()
    except (OSError, ValueError, TypeError):
        return {}


def _settings(run: Run) -> dict[str, dict[str, Any]]:
    """Return the flags of a run by the sections of a training; those of another command together."""
    try:
        flags = run.flags()
    except ModelFileError:
        return {}
    found: dict[str, dict[str, Any]] = {}
    for section in Settings.sections:
        own = {name: flags.pop(name) for name in section.model_fields if name in flags}
        if own:
            found[section.__name__.lower()] = own
    return found | ({"other": flags} if flags else {})


def _history(file: Path) -> dict[str, list[float]]:
    """Read the columns of numbers of a run's history; none where there is none that is whole."""
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            head, *rows = list(csv.reader(opened))
        return {name: [float(row[place]) for row in rows] for place, name in enumerate(head)} if rows else {}
    except (OSError, ValueError, IndexError):
        return {}


def _pictures(run: Run) -> list[Picture]:
    """Return the pictures of a training that are there."""
    known = (
        (
            run.comparison("valid"),
            "Validation images and their reconstructions",
            "originals, what the network makes of them, and the difference",
        ),
        (
            run.comparison("train"),
            "Training images and their reconstructions",
            "originals, what the network makes of them, and the difference",
        ),
        (run.loss_picture, "Loss by epoch", "curves of the training and the validation loss"),
        (run.learning_rate_picture, "Loss by learning rate", "the range test that found the learning rate"),
    )
    pictures = []
    for path, title, alt in known:
        content = np.frombuffer(path.read_bytes(), np.uint8) if path.is_file() else None
        pixels = None if content is None or not len(content) else cv2.imdecode(content, cv2.IMREAD_COLOR_RGB)
        if pixels is not None:
            pictures.append(Picture(title, alt, _narrowed(pixels)))
    return pictures


def _narrowed(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    if width <= _WIDEST:
        return pixels
    return cv2.resize(pixels, (_WIDEST, round(height * _WIDEST / width)), interpolation=cv2.INTER_AREA)
