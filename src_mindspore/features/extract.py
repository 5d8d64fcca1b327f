"""Cached features: the frozen layers run once over the photos, training reads what they wrote.

A cache entry is a folder named by the hash of everything that its content depends on: weights,
photos, transform, views. It gets that name when it is complete, so an entry that exists is whole,
and one that belongs to other weights or photos is never found. An extraction that was stopped goes
on where it was, see ``partial_entry.py``.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from src_mindspore.dataset import DataSet
from src_mindspore.features.cache_entries import make_room
from src_mindspore.features.errors import CacheError
from src_mindspore.features.job import FeatureJob
from src_mindspore.features.partial_entry import ABOUT, PartialEntry, open_partial, sweep
from src_mindspore.features.store import Rows
from src_mindspore.network.engines import FeatureEngine
from src_mindspore.network.onnx_runtime import SLICE
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.photos.records import Record
from src_mindspore.photos.transform import normalise
from src_mindspore.system.cache import FEATURES, FEATURES_LIMIT, cache_dir
from src_mindspore.system.errors import UserError
from src_mindspore.system.lru import touch
from src_mindspore.system.memory import batch_of
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.progress import progress

log = logging.getLogger(__name__)

POLL = 0.2  # seconds between looks at what other processes do


def cached_features(
    job: FeatureJob,
    data: DataSet,
    split: str,
    folder: Path | None = None,
    reader: PhotoReader | None = None,
    limit: int | None = int(FEATURES_LIMIT * 1e9),
) -> dict[str, Rows]:
    """The outputs of ``job`` for every photo of a split, computed or read from the cache.

    Pooled vectors and plain views are float32, maps of augmented views float16 (at most 1e-3 of a
    value). They stay on the disk; rows are read when they are asked for. Several processes that
    want the same features share the work.

    Rows of a photo that cannot be read any more, or has changed, are NaN. They are of no use to
    anybody else: their chunk counts as not done, and a later run does it again.

    Args:
        job: what to compute.
        data: the photos.
        split: which of them.
        folder: the cache; None is the user's cache folder.
        reader: opens the photos; None makes one.
        limit: bytes of the cache from which on entries that nobody has used for the longest make
            room for a new one; None is none.

    Returns:
        By output name ``(photos, views + 1, ...)``; view 0 is the plain one.

    Raises:
        UserError: too many photos that cannot be read, or no room on the disk.
    """
    rows = kept_features(job, data, split, folder)
    if rows is not None:
        return rows
    entry, reader = _entry(job, data, split, folder), reader or data.reader()
    return _extract(entry, job, reader, data.records(split), split, limit)


def kept_features(
    job: FeatureJob, data: DataSet, split: str, folder: Path | None = None
) -> dict[str, Rows] | None:
    """What ``cached_features`` gives where it has nothing to compute; else None."""
    entry, photos = _entry(job, data, split, folder), len(data.records(split))
    while entry.is_dir():
        try:
            rows = _rows(entry, job, photos)
        except (UserError, FileNotFoundError):
            if entry.is_dir():
                raise
            continue  # another process has just removed it to make room
        touch(entry / ABOUT)
        log.info("%s: read from the cache", _name(photos, split))
        return rows
    return None


def _entry(job: FeatureJob, data: DataSet, split: str, folder: Path | None) -> Path:
    return (folder or cache_dir() / FEATURES) / job.key(data.records(split), data.digests)[:32]


def _name(photos: int, split: str) -> str:
    """In words; ``all`` is what is not divided."""
    which = f"all {photos}" if split == "all" else f"{photos} {split}"
    return f"features of {which} photos"


def _rows(folder: Path, job: FeatureJob, photos: int) -> dict[str, Rows]:
    views = job.views.count + 1
    layout = job.layout(photos)
    return {name: layout.open(folder, name).by_photo(views) for name in job.outputs}


def _extract(
    entry: Path,
    job: FeatureJob,
    reader: PhotoReader,
    records: Sequence[Record],
    split: str,
    limit: int | None,
) -> dict[str, Rows]:
    """Fills an entry, together with whatever other processes do the same."""
    try:
        partial = open_partial(entry, job.layout(len(records)))
        sweep(entry.parent)
    except OSError as error:
        raise CacheError(
            f"the feature cache {entry.parent} cannot be written ({error.strerror})"
        ) from None
    if partial is None:
        return _rows(entry, job, len(records))
    make_room(entry.parent, limit, keep=(entry, partial.folder))
    what = _name(len(records), split)
    try:
        with (
            batch_of("features", job.batch_size),
            progress(partial.missing, what, "view") as advance,
        ):
            engine = job.engine_for(reader, records)
            while not partial.complete:
                for row, values in _row_values(job, engine, reader, records, partial):
                    partial.write(row, dict(zip(job.outputs, values, strict=True)))
                    advance(len(values[0]))
                if not partial.complete:  # others work on the rest; what they leave is ours
                    time.sleep(POLL)
        with partial.published({"split": split, "rows": partial.layout.rows}) as folder:
            return _rows(folder, job, len(records))
    finally:
        partial.close()


def _row_values(
    job: FeatureJob,
    engine: FeatureEngine,
    reader: PhotoReader,
    records: Sequence[Record],
    partial: PartialEntry,
) -> Iterator[tuple[int, tuple[np.ndarray, ...]]]:
    """Row numbers and the outputs of the rows from there on, in the order of the rows.

    Chunk by chunk, as many as this process can get; one whose rows were all taken is done, but for
    one with a photo that cannot be read any more. A
    concurrent engine works on a few photos at once in the threads that decode, another on full
    batches.
    """
    views, batch = job.views.count + 1, partial.layout.batch
    step = views * max(1, SLICE // views)  # rows of whole photos

    def work() -> Iterator[tuple[int, range]]:
        for chunk in partial.claims():
            rows = partial.layout.rows_of(chunk)
            for first in range(rows.start // step * step, rows.stop, step):
                yield chunk, range(max(first, rows.start), min(first + step, rows.stop))

    def pixels(photo: int, rows: range) -> np.ndarray | None:
        image = reader.open(records[photo].path)
        wanted = [row - photo * views for row in rows if row // views == photo]
        return None if image is None else job.views.of(image, photo, job.input, wanted)

    def some_photos(item: tuple[int, range]) -> tuple[int, tuple[np.ndarray, ...]]:
        chunk, rows = item
        photos = np.arange(rows.start, rows.stop) // views
        found = {photo: pixels(photo, rows) for photo in dict.fromkeys(photos.tolist())}
        gone = np.array([found[photo] is None for photo in photos.tolist()])
        images = np.zeros((len(rows), *job.input.size, 3), np.uint8)
        for photo, shown in found.items():
            if shown is not None:
                images[photos == photo] = shown
        values = normalise(images, job.input)
        return chunk, (*(engine(values) if engine.concurrent else (values,)), gone)

    waiting: list[tuple[np.ndarray, ...]] = []
    row, whole = -1, True
    for chunk, values in map_ordered(some_photos, work(), ahead=max(8, 4 * batch // step)):
        rows = partial.layout.rows_of(chunk)
        row = rows.start if row < 0 else row
        waiting += zip(*values, strict=True)  # row by row
        while len(waiting) >= batch or (waiting and row + len(waiting) == rows.stop):
            *taken, gone = (np.stack(column) for column in zip(*waiting[:batch], strict=True))
            outputs = taken if engine.concurrent else engine(*taken)
            for output in outputs:
                output[gone] = np.nan
            whole = whole and not gone.any()
            yield row, tuple(outputs)
            del waiting[:batch]
            row += len(gone)
        if row == rows.stop:
            partial.finish(chunk, whole)
            row, whole = -1, True
