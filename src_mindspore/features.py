"""Cached features: the frozen layers run once over the photos, training reads what they wrote.

A cache entry is a folder named by the hash of everything that its content depends on: weights,
photos, transform, views. It is filled under a temporary name and renamed when it is complete, so
an entry that exists is whole, and one that belongs to other weights or photos is never found.
"""

import hashlib
import json
import logging
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from src_mindspore.backbone import POOLED, MobileNetV2Backbone, layers_before
from src_mindspore.dataset import DataSet
from src_mindspore.engines import choose_engine
from src_mindspore.errors import UserError
from src_mindspore.fetch.assets import cache_dir
from src_mindspore.files import sync_folder, write_json
from src_mindspore.parallel import map_ordered
from src_mindspore.progress import progress
from src_mindspore.records import Record
from src_mindspore.spec import InputSpec
from src_mindspore.transforms import Augmentation, normalise, open_photo, prepare

log = logging.getLogger(__name__)

FORMAT = 1
ABANDONED_AFTER = 24 * 3600  # seconds
SAMPLE = 4  # photos on which the engine is checked


@dataclass(frozen=True)
class Views:
    """The plain view of every photo and ``count`` augmented ones, drawn from ``seed``."""

    count: int = 0
    augmentation: Augmentation | None = None
    seed: int = 0

    def of(self, path: Path, index: int, spec: InputSpec) -> np.ndarray:
        """All views of photo number ``index``: (count + 1, H, W, 3) uint8, the plain one first."""
        image = open_photo(path)
        views = [prepare(image, spec)]
        for view in range(self.count):
            rng = np.random.default_rng([self.seed, index, view])
            views.append(self.augmentation(image, rng, spec))
        return np.stack(views)


@dataclass(frozen=True)
class FeatureJob:
    """What to compute: everything the values in a cache entry depend on."""

    backbone: MobileNetV2Backbone
    outputs: tuple[str, ...]
    input: InputSpec
    views: Views
    engine: str
    device: str
    batch_size: int

    def key(self, records: Sequence[Record], digests: dict[str, str]) -> str:
        """64 hexadecimal digits; another for any change of weights, photos, transform, views."""
        parts = {
            "format": FORMAT,
            "outputs": self.outputs,
            "input": asdict(self.input),
            "views": asdict(self.views),
            "engine": [self.engine, self.device],
            "photos": [digests[record.path] for record in records],
            "weights": self._weights(),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def dtype(self, output: str) -> np.dtype:
        """How an output is stored."""
        half = self.views.count > 0 and output not in POOLED
        return np.dtype(np.float16 if half else np.float32)

    def _weights(self) -> str:
        digest = hashlib.sha256()
        depth = max(layers_before(name) for name in self.outputs)
        for index, layer in enumerate(list(self.backbone.features)[:depth]):
            for name, parameter in sorted(layer.parameters_dict().items()):
                digest.update(f"{index} {name} {parameter.shape}".encode())
                digest.update(np.ascontiguousarray(parameter.asnumpy()).data)
            for _, cell in layer.cells_and_names():
                convention = [getattr(cell, key, None) for key in ("eps", "pad_mode", "padding")]
                digest.update(str(convention).encode())
        return digest.hexdigest()


def cached_features(
    job: FeatureJob, data: DataSet, split: str, folder: Path | None = None
) -> dict[str, np.ndarray]:
    """The outputs of ``job`` for every photo of a split, computed or read from the cache.

    Pooled vectors and plain views are float32, maps of augmented views float16 (at most 1e-3 of a
    value). The arrays are memory-mapped, read-only.

    Args:
        job: what to compute.
        data: the photos.
        split: which of them.
        folder: the cache; None is the user's cache folder.

    Returns:
        By output name ``(photos, views + 1, ...)``; ``[:, 0]`` is the plain view.

    Raises:
        UserError: a photo that cannot be read, or no room on the disk.
    """
    records = data.records(split)
    entry = (folder or cache_dir() / "features") / job.key(records, data.digests)[:32]
    if entry.is_dir():
        log.info("features of %d %s photos: read from the cache", len(records), split)
    else:
        temporary = entry.with_name(f".{entry.name}-{uuid.uuid4().hex[:8]}")
        try:
            temporary.mkdir(parents=True)
            _sweep(entry.parent)
        except OSError as error:
            raise UserError(
                f"the feature cache {entry.parent} cannot be written ({error.strerror}); another "
                f"features.cache_dir would do"
            ) from None
        try:
            _compute(temporary, job, data.root, records, split)
            _publish(temporary, entry)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    views = job.views.count + 1
    arrays = {name: np.load(entry / f"{name}.npy", mmap_mode="r") for name in job.outputs}
    return {name: a.reshape(len(records), views, *a.shape[1:]) for name, a in arrays.items()}


def _sweep(folder: Path) -> None:
    """Deletes what killed extractions left behind; a running one is younger than a day."""
    for left in folder.glob(".*-*"):
        if time.time() - left.stat().st_mtime > ABANDONED_AFTER:
            shutil.rmtree(left, ignore_errors=True)


def _compute(
    folder: Path, job: FeatureJob, root: Path, records: Sequence[Record], split: str
) -> None:
    """Fills ``folder`` with one array per output, a row per view, the views of a photo together."""
    rows = len(records) * (job.views.count + 1)
    batches = _image_batches(job, root, records)
    first = next(batches)
    engine = choose_engine(
        job.engine, job.device, job.backbone, job.outputs, first[:SAMPLE], job.batch_size
    )
    samples = dict(zip(job.outputs, engine(first[:1]), strict=True))
    _check_room(
        folder, sum(rows * s.size * job.dtype(name).itemsize for name, s in samples.items())
    )
    arrays = {
        name: np.lib.format.open_memmap(
            folder / f"{name}.npy",
            mode="w+",
            dtype=job.dtype(name),
            shape=(rows, *sample.shape[1:]),
        )
        for name, sample in samples.items()
    }
    done = 0
    with progress(rows, f"features of {len(records)} {split} photos", "view") as advance:
        for images in chain([first], batches):
            for name, values in zip(job.outputs, engine(images), strict=True):
                arrays[name][done : done + len(images)] = values
            done += len(images)
            advance(len(images))
    for array in arrays.values():
        array.flush()
    write_json(folder / "about.json", {"split": split, "rows": rows, "engine": engine.name})


def _check_room(folder: Path, needed: int) -> None:
    """An error before a byte is written: a sparse file would fail half-way."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"the feature cache in {folder.parent} needs {needed / 1e6:,.0f} MB; "
            f"{free / 1e6:,.0f} MB are free. Fewer features.views or another features.cache_dir "
            f"would do"
        )


def _image_batches(job: FeatureJob, root: Path, records: Sequence[Record]) -> Iterator[np.ndarray]:
    """(n, 3, H, W) float32 views in the order of the rows, decoded ahead on all cores."""

    def decode(index: int) -> np.ndarray:
        return job.views.of(root / records[index].path, index, job.input)

    waiting: list[np.ndarray] = []
    for views in map_ordered(decode, range(len(records)), ahead=4 * job.batch_size):
        waiting += list(views)
        while len(waiting) >= job.batch_size:
            yield normalise(np.stack(waiting[: job.batch_size]), job.input)
            del waiting[: job.batch_size]
    if waiting:
        yield normalise(np.stack(waiting), job.input)


def _publish(temporary: Path, entry: Path) -> None:
    """Renames a complete entry into place; another process may have been first."""
    for file in temporary.iterdir():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
    sync_folder(temporary)
    try:
        temporary.rename(entry)
    except OSError:
        if not entry.is_dir():
            raise
    sync_folder(entry.parent)
