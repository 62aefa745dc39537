"""Report: one page of HTML that shows a run, its images and its clusters."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..clustering.duplicates import duplicates as duplicate_pairs
from ..clustering.duplicates import groups
from ..clustering.nearest import other_neighbours
from ..clustering.outliers import strangeness
from ..data.listing import Images, printable
from ..data.quality import quality
from ..errors import DataError, ModelFileError, UsageError
from ..metrics.embedding import EMBEDDED_IMAGES, used_numbers
from ..model.encoder import Encoder, encoder_of, open_encoder
from ..page.summary import Found, Grouping, Shown, summarize
from ..page.template import write_page
from ..progress import stage
from ..sampling import evenly_spread
from ..settings import Architecture, Reading, Settings, Training
from ..settings.pretrained import Pretrained
from ..storage.clustering import ClusterFolder
from ..storage.provenance import Provenance, encoder_record, keep_table, read_provenance, version
from ..storage.run import CACHE, Kind, Run
from ..tensorflow_start import start_tensorflow
from .doubts import doubts_of_run
from .duplicates import looks
from .embeddings import Embeddings, embed, embed_images
from .found import Opened
from .map_points import map_points
from .pretrained import find_encoder, kept, open_located
from .report_clusterings import clustered_paths, find_clusterings
from .report_decoded import Decoder, decoder_of, errors_of, sweeps_of, walk_of, worst_of
from .report_images import FoundImages, find_images, keep, with_gone
from .report_run import read_history, read_pictures, read_scores, read_settings
from .report_sentences import sentences

if TYPE_CHECKING:
    from .save import Trained

log = logging.getLogger("autoencoder")

NEIGHBOURS = 12
OUTLIERS, DUPLICATES = 200, 500


class ReportSource(NamedTuple):
    """The run that is shown, the encoder that made the embeddings, and its decoder where there is one."""

    run: Run
    encoder: Encoder
    decoder: Decoder | None
    notes: tuple[str, ...] = ()


def report(
    run: str | os.PathLike[str], images: str | os.PathLike[str] | None = None, reading: Reading | None = None
) -> Path:
    """Write one file of HTML that shows a run: its map, groups, reconstructions, scores and settings.

    Parameters
    ----------
    run : str or path
        A run's folder, its name in logs/, "latest", or an encoder's file.
    images : path, optional
        A folder or an idx file; by default the images that the run was trained on.
    reading : Reading, optional
        How they are read; as in the training otherwise.

    Returns
    -------
    Path
        report.html in the run's folder; of other `images` a name that says which.

    Raises
    ------
    UserError
        If there is no such run, its images are gone, or the page cannot be written.

    Examples
    --------
    `report("latest")` returns the path of report.html; where there is no run:

    >>> report("photos_run")
    Traceback (most recent call last):
    autoencoder.errors.UsageError: photos_run: no such run
    """
    return make_report(os.fspath(run), None if images is None else Path(images), reading or Reading())


def make_report(name: str, named: Path | None, reading: Reading, pretrained: Pretrained | None = None) -> Path:
    """Do what `report` does, from checked flags."""
    located = find_encoder(name, pretrained or Pretrained())
    found = find_images(located.run, named, reading)
    located.probe()
    opened = open_located(located)
    embeddings, images, notes = embed_found(located.run, opened.encoder, found)
    run = kept(located, opened, "report", found.source.to_flags(), found.source.to_record(images))
    encoder = opened.encoder
    if located.network is not None:  # the images are the new run's own
        encoder, named = encoder._replace(path=run.encoder), None
    source = ReportSource(run, encoder, open_decoder(run, encoder), notes)
    return write_report(source, embeddings, images, named)


def embed_found(run: Run, encoder: Encoder, found: FoundImages) -> tuple[Embeddings, Images, tuple[str, ...]]:
    """Embed the images of a report, and say in sentences what stands in for files that are gone."""
    if found.listing is None:
        assert found.kept is not None
        if found.kept.pixels.shape[1:] != (*encoder.image_shape, encoder.channels):
            raise DataError(
                f"{found.source.root}: is not there any more, and the encoder takes images of another shape"
            )
        said = f"The images' folder is not there any more; all {len(found.kept.paths):,} are shown as they were."
        return embed_images(encoder, found.source, found.kept), found.kept, (said,)
    embeddings, images = embed(encoder, found.source, found.listing, CACHE)
    images, count = with_gone(images, found.kept, clustered_paths(run, found.source.root))
    if not count:
        return embeddings, images, ()
    files = "file that was clustered is" if count == 1 else "files that were clustered are"
    said = f"{count:,} {files} not there any more, or can't be read; the page shows what was decoded before."
    return embed_images(encoder, found.source, images), images, (said,)


def report_of_sort(trained: Trained, folder: ClusterFolder, embeddings: Embeddings) -> Path:
    """Write the page at the end of `sort`, of what is in memory; after a deep method, of the run that it left."""
    images, run = trained.images, Run(folder.path.parents[1])
    assert images is not None and trained.run is not None
    if run == trained.run:
        encoder = encoder_of(trained.models.encoder, run.encoder)
        decoder = decoder_of(trained.models.decoder, encoder)
    else:
        encoder = open_encoder(run.encoder)
        embeddings = embed_images(encoder, embeddings.source, images)
        decoder = open_decoder(run, encoder)
    return write_report(ReportSource(run, encoder, decoder), embeddings, images)


def open_decoder(run: Run, encoder: Encoder) -> Decoder | None:
    """Open the decoder beside an encoder; None where there is none that fits it."""
    if not run.decoder.is_file():
        return None
    start_tensorflow()  # an encoder of another kind needs none
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
        made = Provenance("report", {}, record, encoder_record(source.encoder.path))
        path = keep_table(source.run.report_of(embeddings.source.root), made, lambda place: write_page(data, place))
    keep(source.run, embeddings.source, images)
    log.info(f"the report is in {printable(str(path))}; open it in a browser, it needs nothing else")
    return path


def collect(source: ReportSource, embeddings: Embeddings, images: Images) -> Found:
    """Find all that a page shows of images, their embeddings, and what lies in the run's folder."""
    run, vectors = source.run, embeddings.vectors
    clusterings = find_clusterings(run, embeddings)
    points = map_points(vectors, clusterings.found[0].seed if clusterings.found else 1)
    distances, near = other_neighbours(vectors, NEIGHBOURS)
    scores, left_out = read_scores(run), [*embeddings.bad, *clusterings.gone]
    used = used_numbers(vectors[evenly_spread(len(vectors), EMBEDDED_IMAGES)])
    decoded = _decoded(source.decoder, vectors, images.pixels, clusterings.found)
    history, local = read_history(run.history_file), _section(run, Architecture).local_features
    # With contrast of copies the reconstruction is not what the embedding is for.
    rebuilt = {} if _section(run, Training).by_views else scores
    return Found(
        title=run.path.absolute().name,
        program=f"flexae {version()}",
        command=f"flexae report {shlex.quote(str(run.path))}",
        sentences=sentences(embeddings, rebuilt, used, clusterings.found, left_out, local=local),
        warnings=[*source.notes, *_doubts(source, scores), *clusterings.warnings],
        left_out=left_out,
        settings=read_settings(run),
        scores=scores,
        images=Shown(
            pixels=images.pixels,
            paths=embeddings.paths,
            root=str(embeddings.source.root),
            labels=embeddings.labels,
            errors=decoded.pop("errors", None),
            points=points,
            neighbours=near,
            quality=quality(images),
        ),
        history=history,
        best_epoch=scores.get("best_epoch"),
        pictures=read_pictures(run, history),
        clusterings=clusterings.found,
        duplicates=_duplicates(source, embeddings, images),
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


def _duplicates(source: ReportSource, embeddings: Embeddings, images: Images) -> list[list[int]]:
    """Return the rows of each group of near-duplicates, the largest first."""
    pairs = duplicate_pairs(looks(Opened(source.run, source.encoder, embeddings.source, embeddings, images)))
    group = groups(np.column_stack([pairs.first, pairs.second]), len(embeddings))
    members = [np.flatnonzero(group == number).tolist() for number in range(int(group.max(initial=-1)) + 1)]
    return sorted(members, key=len, reverse=True)[:DUPLICATES]


def _outliers(distances: np.ndarray) -> list[int]:
    """Return the rows of the strangest images, the strangest first: a hundredth of all."""
    if not distances.shape[1]:
        return []
    order = np.argsort(-strangeness(distances), kind="stable")
    return [int(row) for row in order[: min(OUTLIERS, max(1, len(order) // 100))]]


def _section(run: Run, kind: type[Kind]) -> Kind:
    """Read a section of a run's settings; its defaults where there are none, or they are damaged."""
    try:
        return run.section(kind)
    except ModelFileError:
        return kind()


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
