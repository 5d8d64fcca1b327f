"""What a training stage reads, epoch by epoch: cached features, or photos through the trunk.

Both give the values at the cut where the trained part of the network begins, every training photo
once per epoch in a fresh order. All draws come from (seed, stage, epoch, photo), see ``draws.py``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from src_mindspore.features.store import Picked, Rows
from src_mindspore.network.engines import FeatureEngine, run_on_all_cores
from src_mindspore.photos.augment import Augmentation
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.photos.records import Record
from src_mindspore.photos.tensors import stack_pixels
from src_mindspore.spec.input import InputSpec
from src_mindspore.system.parallel import map_ordered
from src_mindspore.training.distillation import Targets
from src_mindspore.training.draws import AUGMENTATION, TEACHERS, Seed, epoch_order, epoch_views
from src_mindspore.training.workers import ALONE, Workers

SOURCES = ("cached", "photos")  # where fine-tuning reads from
# values at the cut (n, ...) float32, labels (n,) int32, and what teachers say, if there are any
Batch = tuple[np.ndarray, ...]


class TrainingInputs(Protocol):
    """A source of training batches; ``seed`` is that of everything the stage draws.

    Values of a photo that cannot be read any more are NaN, see ``photo_reader.py``.
    """

    photos: int
    seed: Seed

    def batches(
        self, epoch: int, batch_size: int, workers: Workers = ALONE, first: int = 0
    ) -> Iterator[Batch]:
        """Every photo once, in the order of ``epoch``; the last batch may be short.

        Of several workers each gets its ``share`` of every batch. The batches before number
        ``first`` are left out, and nothing is read for them.
        """
        ...


@dataclass(frozen=True)
class CachedInputs:
    """Features from the cache; each photo shows one of its views, another in another epoch.

    ``features``: (photos, views, ...); ``labels``: (photos,) int32; ``targets``: of teachers.
    """

    features: np.ndarray | Rows | Picked
    labels: np.ndarray
    seed: Seed
    targets: Targets | None = None

    @property
    def photos(self) -> int:
        """Number of training photos."""
        return len(self.labels)

    def batches(
        self, epoch: int, batch_size: int, workers: Workers = ALONE, first: int = 0
    ) -> Iterator[Batch]:
        """See ``TrainingInputs``."""
        order = epoch_order(self.seed, epoch, self.photos)
        views = epoch_views(self.seed, epoch, self.photos, self.features.shape[1])
        for start in range(first * batch_size, self.photos, batch_size):
            chosen = order[start : start + batch_size]
            mine = workers.share(chosen, batch_size)
            values = self.features[mine, views[mine]].astype(np.float32)
            yield values, self.labels[mine], *self._targets(mine, views[mine], epoch, start)

    def _targets(
        self, photos: np.ndarray, views: np.ndarray, epoch: int, start: int
    ) -> tuple[np.ndarray, ...]:
        if self.targets is None:
            return ()
        rng = np.random.default_rng([*self.seed, epoch, TEACHERS, start])
        return self.targets.of(photos, views, rng)


@dataclass(frozen=True)
class PhotoInputs:
    """Photos, freshly augmented in every epoch; the frozen layers, if any, run on the way.

    ``reader`` opens them. ``trunk`` computes the value at the cut from images; None where the cut
    is the image itself.
    """

    reader: PhotoReader
    records: Sequence[Record]
    input: InputSpec
    augmentation: Augmentation
    trunk: FeatureEngine | None
    seed: Seed

    @property
    def photos(self) -> int:
        """Number of training photos."""
        return len(self.records)

    def batches(
        self, epoch: int, batch_size: int, workers: Workers = ALONE, first: int = 0
    ) -> Iterator[Batch]:
        """See ``TrainingInputs``."""

        def augmented(index: int) -> np.ndarray | None:
            rng = np.random.default_rng([*self.seed, epoch, AUGMENTATION, index])
            image = self.reader.open(self.records[index].path)
            return None if image is None else self.augmentation(image, rng, self.input)

        order = epoch_order(self.seed, epoch, self.photos)
        starts = range(first * batch_size, self.photos, batch_size)
        shares = [workers.share(order[i : i + batch_size], batch_size) for i in starts]
        pixels = map_ordered(augmented, (i for s in shares for i in s.tolist()), 2 * batch_size)
        for mine in shares:
            images, gone = stack_pixels([next(pixels) for _ in mine], self.input)
            values = run_on_all_cores(self.trunk, images)[0] if self.trunk else images
            values[gone] = np.nan
            yield values, np.array([self.records[i].label for i in mine], np.int32)
