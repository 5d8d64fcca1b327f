"""What the network sees in photos: the last maps of a few, one vector of each training photo."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from src_mindspore.backbone import POOLED, last_layer
from src_mindspore.config.schema import AUTO
from src_mindspore.features.extract import cached_features, kept_features
from src_mindspore.features.job import FeatureJob, Views
from src_mindspore.features.store import PlainView
from src_mindspore.head import ClassifierHead
from src_mindspore.network.classifier import Classifier
from src_mindspore.network.engines import FeatureEngine, OnnxRuntimeEngine, run_on_all_cores
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.photos.records import Record
from src_mindspore.photos.tensors import plain_tensors
from src_mindspore.report.activation_map import pooled
from src_mindspore.report.finished_run import FinishedRun
from src_mindspore.report.neighbours import Vectors
from src_mindspore.runs.folder import RunFolder
from src_mindspore.system.rows import Sliceable
from src_mindspore.training.materials import Materials, cached_outputs, feature_job
from src_mindspore.training.options import TrainingOptions, stage_options, training_options

MOST = 2000  # training photos that are run through a fine-tuned network: 8 s on two cores
BATCH = 16  # photos whose maps are computed at once


@dataclass(frozen=True)
class TrainingVectors:
    """A vector of every training photo, or of some that were drawn.

    Attributes:
        records: the photos.
        vectors: of them, (n, width).
        of: how many training photos there are.
    """

    records: Sequence[Record]
    vectors: Vectors
    of: int


class Network:
    """The trained network of a run, asked for its last map.

    Args:
        run: the run.
        classifier: with its final weights, in inference mode.
        device: the selected one.
        reader: opens the photos.
        compared: whether ONNX Runtime's logits of this network have been compared with MindSpore's.
    """

    def __init__(
        self,
        run: FinishedRun,
        classifier: Classifier,
        device: str,
        reader: PhotoReader,
        compared: bool = False,
    ) -> None:
        self.head: ClassifierHead = classifier.head
        self._run = run
        self._classifier = classifier
        self._reader = reader
        self._compared = compared
        self._options = trained_with(run)
        self._materials = Materials(device, run.data, classifier, run.spec.input, reader)

    @property
    def reduction(self) -> str:
        """How the vectors are pooled: as the head does, by the mean where it does not."""
        return self.head.reduction if self.head.reduction in POOLED else "mean"

    def maps(self, records: Sequence[Record]) -> np.ndarray:
        """The last map of photos, (n, C, H, W) float32; zeros where one cannot be read."""
        outputs = (last_layer(self._classifier.backbone),)
        engine = self._onnx or self._job(outputs, Views()).engine_for(self._reader, records)
        paths, parts = [record.path for record in records], []
        for start in range(0, len(paths), BATCH):
            chosen = paths[start : start + BATCH]
            images, gone = plain_tensors(chosen, self._reader.open, self._run.spec.input)
            values, *_ = run_on_all_cores(engine, images)
            values[gone] = 0
            parts.append(values)
        return np.concatenate(parts)

    @cached_property
    def _onnx(self) -> OnnxRuntimeEngine | None:
        """The last map and its pooled vectors by ONNX Runtime, on a CPU.

        It is not compared with MindSpore: who uses the maps compares them with the model's logits.
        """
        if self._materials.device != "CPU" or self._options.features.engine == "mindspore":
            return None
        backbone = self._classifier.backbone
        with suppress(NotImplementedError):  # a layer that cannot be written as ONNX
            outputs = (last_layer(backbone), self.reduction)
            return OnnxRuntimeEngine(backbone, outputs, self._run.spec.input.size[0])
        return None

    def training_vectors(self) -> TrainingVectors:
        """From the features that the head was trained on, where they are still in the cache.

        They are the same only while the backbone is: after fine-tuning, and where they are gone,
        up to ``MOST`` training photos go through the network once, and stay in the cache.
        """
        data, features = self._run.data, self._options.features
        records = data.records("train")
        cuts = cached_outputs(self._options, self._classifier)
        usable = {self.reduction, last_layer(self._classifier.backbone)} & set(cuts)
        if usable:
            job = self._job(cuts, features.views)
            if found := kept_features(job, data, "train", features.cache):
                name = self.reduction if self.reduction in usable else usable.pop()
                return TrainingVectors(records, Pooled(PlainView(found[name])), len(records))
        drawn = sorted(
            np.random.default_rng(self._options.seed).permutation(len(records))[:MOST].tolist()
        )
        some = replace(data, splits={"train": tuple(records[i] for i in drawn)})
        job = self._job((self.reduction,), Views())
        if self._compared and self._onnx:
            job.take(Second(self._onnx))
        rows = cached_features(
            job, some, "train", features.cache, self._reader, features.cache_limit
        )[self.reduction]
        return TrainingVectors(some.splits["train"], Pooled(PlainView(rows)), len(records))

    def _job(self, outputs: Sequence[str], views: Views) -> FeatureJob:
        return feature_job(outputs, views, self._options, self._materials)


@dataclass(frozen=True)
class Second:
    """An engine of which the second output alone is wanted."""

    engine: FeatureEngine

    @property
    def name(self) -> str:
        """See ``FeatureEngine``."""
        return self.engine.name

    @property
    def concurrent(self) -> bool:
        """See ``FeatureEngine``."""
        return self.engine.concurrent

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """See ``FeatureEngine``."""
        return self.engine(images)[1:2]


@dataclass(frozen=True)
class Pooled:
    """Rows as vectors: what is a map is averaged over space."""

    rows: Sliceable

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def __getitem__(self, rows: slice) -> np.ndarray:
        """(n, C)."""
        values = self.rows[rows]
        return pooled(values, "mean") if values.ndim == 4 else values


def trained_with(run: FinishedRun) -> TrainingOptions:
    """How a run was trained; where its config says ``auto``, as it chose."""
    options = training_options(run.config)
    if run.config.finetune_stage.from_block != AUTO:
        return options
    choice = RunFolder(run.path).choice()
    return replace(options, stages=stage_options(run.config, **choice)) if choice else options
