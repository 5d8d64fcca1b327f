"""What the stages of a run work with: photos, network, and the cached outputs of frozen layers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from src_mindspore.backbone import IMAGE, POOLED
from src_mindspore.dataset import DataSet
from src_mindspore.features.extract import cached_features
from src_mindspore.features.job import FeatureJob, Views
from src_mindspore.features.store import Picked, PlainView, Rows
from src_mindspore.network.classifier import Classifier
from src_mindspore.network.engines import FeatureEngine
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.photos.tensors import PlainPhotos
from src_mindspore.spec.input import InputSpec
from src_mindspore.training.distillation import Targets
from src_mindspore.training.options import FeatureOptions, TrainingOptions
from src_mindspore.training.workers import ALONE, Workers


@dataclass
class Materials:
    """What every stage works with.

    Attributes:
        device: the selected one.
        data: the photos in their splits; without ``val`` no epoch is scored.
        classifier: the network.
        input: how a photo becomes its input.
        reader: opens the photos.
        workers: who trains together.
        engines: those chosen so far, see ``FeatureJob``.
        whole: a data set, not divided, of which the splits are parts. Its features are cached as
            one entry, so that other parts of it find them there; None: an entry for every split.
        targets: what teachers say of the cached views of the training photos; None without any.
    """

    device: str
    data: DataSet
    classifier: Classifier
    input: InputSpec
    reader: PhotoReader
    workers: Workers = ALONE
    engines: dict[tuple[str, ...], FeatureEngine] = field(default_factory=dict)
    whole: DataSet | None = None
    targets: Targets | None = None


def labels_of(data: DataSet, split: str) -> np.ndarray:
    """(n,) int32, in the order of the split's records."""
    return np.array([record.label for record in data.records(split)], np.int32)


def feature_job(
    outputs: Sequence[str], views: Views, options: TrainingOptions, materials: Materials
) -> FeatureJob:
    """What to compute of the frozen layers."""
    return FeatureJob(
        backbone=materials.classifier.backbone,
        outputs=tuple(outputs),
        input=materials.input,
        views=views,
        engine=options.features.engine,
        device=materials.device,
        batch_size=options.features.batch_size,
        engines=materials.engines,
    )


def training_features(
    classifier: Classifier,
    outputs: Sequence[str],
    spec: InputSpec,
    options: TrainingOptions,
    materials: Materials,
) -> dict[str, Rows | Picked]:
    """The outputs of another network for the cached views of the training photos.

    Args:
        classifier: that network.
        outputs: what is wanted of it.
        spec: how a view becomes its input.
        options: of the student, whose views they are.
        materials: its photos.
    """
    job = replace(
        feature_job(outputs, options.features.views, options, materials),
        backbone=classifier.backbone,
        input=spec,
    )
    return stored_features(job, "train", options.features, materials)


def cached_outputs(options: TrainingOptions, classifier: Classifier) -> tuple[str, ...]:
    """All cuts that a run reads from the cache: one pass over the photos serves both stages.

    Pooled features are kept both ways, so that another ``head.reduction`` finds them there.
    """
    cuts = options.cached_cuts(classifier)
    return tuple(sorted(cuts | set(POOLED) if cuts & set(POOLED) else cuts))


def plain_values(
    split: str, cut: str, options: TrainingOptions, materials: Materials
) -> PlainView | PlainPhotos:
    """Values at the cut of the plain photos of a split, in full precision."""
    if cut == IMAGE:
        return PlainPhotos(materials.reader, materials.data.records(split), materials.input)
    cuts = cached_outputs(options, materials.classifier)
    job = feature_job(cuts if cut in cuts else (cut,), Views(), options, materials)
    return PlainView(stored_features(job, split, options.features, materials)[cut])


def stored_features(
    job: FeatureJob, split: str, options: FeatureOptions, materials: Materials
) -> dict[str, Rows | Picked]:
    """The outputs of a job for the photos of a split, from the cache; see ``cached_features``."""
    data, whole = materials.data, materials.whole
    rest = options.cache, materials.reader, options.cache_limit
    if whole is None:
        return cached_features(job, data, split, *rest)
    places = {record.path: place for place, record in enumerate(whole.records("all"))}
    chosen = np.array([places[record.path] for record in data.records(split)])
    found = cached_features(job, whole, "all", *rest)
    return {name: Picked(rows, chosen) for name, rows in found.items()}
