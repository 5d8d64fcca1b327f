"""The project's own pieces, through its public entry points; see ``serve``."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.serve import Ready, serve
from src_mindspore.backbone import POOLED
from src_mindspore.config.load import load_config
from src_mindspore.dataset import DataSet
from src_mindspore.features.extract import cached_features
from src_mindspore.features.job import Views
from src_mindspore.network.device import seed_everything, select_device
from src_mindspore.photos.tensors import read_photos
from src_mindspore.training.build_model import build_model, pretrained_weights
from src_mindspore.training.draws import Seed, epoch_order
from src_mindspore.training.inputs import Batch, TrainingInputs
from src_mindspore.training.loop import fit
from src_mindspore.training.materials import Materials, feature_job
from src_mindspore.training.options import TrainingOptions, model_options, training_options
from src_mindspore.training.stage import Stage
from src_mindspore.training.stages import build_stage
from src_mindspore.training.train import photos_of
from src_mindspore.training.workers import ALONE, Workers

HEAD_EPOCHS = 5  # in a turn
PLENTY = 10_000  # epochs that the learning rate is laid out for


@dataclass(frozen=True)
class ArrayInputs:
    """Training photos that lie in memory, (n, 3, H, W) float32."""

    images: np.ndarray
    labels: np.ndarray
    seed: Seed

    @property
    def photos(self) -> int:
        """Number of photos."""
        return len(self.labels)

    def batches(
        self, epoch: int, batch_size: int, workers: Workers = ALONE, first: int = 0
    ) -> Iterator[Batch]:
        """See ``inputs.TrainingInputs``."""
        order = epoch_order(self.seed, epoch, self.photos)
        for start in range(first * batch_size, self.photos, batch_size):
            rows = order[start : start + batch_size]
            yield self.images[rows], self.labels[rows]


@dataclass
class TimedInputs:
    """Measures an epoch's training: from its first batch asked for to the end of its last step."""

    inner: TrainingInputs
    seconds: list[float] = field(default_factory=list)

    @property
    def photos(self) -> int:
        """Number of photos."""
        return self.inner.photos

    @property
    def seed(self) -> Seed:
        """Of everything that is drawn."""
        return self.inner.seed

    def batches(
        self, epoch: int, batch_size: int, workers: Workers = ALONE, first: int = 0
    ) -> Iterator[Batch]:
        """See ``inputs.TrainingInputs``."""
        began = time.perf_counter()
        yield from self.inner.batches(epoch, batch_size, workers, first)
        self.seconds.append(time.perf_counter() - began)


def load(settings: dict[str, Any], *overrides: str) -> tuple[TrainingOptions, Materials]:
    """Options and materials, as ``training.train`` makes them."""
    config = load_config(Path(settings["config"]), ["finetune_stage.epochs=0", *overrides])
    config.features.cache_dir = settings["cache"]
    device = select_device("CPU")
    seed_everything(config.seed)
    config.data.dir = settings["data"]
    data, _ = photos_of(config)
    model = model_options(config)
    weights = pretrained_weights(model["backbone"])
    classifier, spec = build_model(data.classes, weights, **model, value_range=data.value_range)
    return training_options(config), Materials(device, data, classifier, spec.input, data.reader())


def stage_of(name: str, options: TrainingOptions, materials: Materials) -> Stage:
    """One of the stages that the options ask for."""
    (wanted,) = (stage for stage in options.stages if stage.name == name)
    return build_stage(wanted, options, materials)


def first_photos(data: DataSet, first: int, count: int) -> DataSet:
    """The same data with ``count`` training photos from ``first`` on, in a circle."""
    records = data.records("train")
    chosen = tuple(records[(first + number) % len(records)] for number in range(count))
    return replace(data, splits={**data.splits, "train": chosen})


def some_of_every_class(data: DataSet, count: int) -> DataSet:
    """The same data with ``count`` training photos, at least one of every class."""
    left = {name: [] for name in data.classes}
    for record in data.records("train"):
        left[data.classes[record.label]].append(record)
    rounds = zip_longest(*left.values())
    chosen = [record for row in rounds for record in row if record]
    return replace(data, splits={**data.splits, "train": tuple(chosen[:count])})


def extraction(settings: dict[str, Any]) -> Ready:
    """Photos on the disk to their pooled features in the cache, plain view.

    The engine is chosen and checked in turn -1 and kept by the job: a run does it once.
    """
    options, materials = load(settings)
    job = feature_job(POOLED, Views(), options, materials)

    def extract(number: int) -> tuple[float, np.ndarray]:
        count = settings["photos"]
        data = first_photos(materials.data, max(0, number) * count, count)
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            values = cached_features(job, data, "train", Path(folder))["mean"][:][:, 0]
            return time.perf_counter() - began, np.array(values)

    cold, values = extract(-1)
    (engine,) = job.engines.values()
    expected = np.load(Path(settings["materials"]) / "expected.npy")
    difference = float(np.abs(values[: len(expected)] - expected).max())
    about = {"version": f"engine {engine.name}", "difference": difference, "cold_seconds": cold}
    return Ready(lambda number: (extract(number)[0], settings["photos"]), about)


def train_further(stage: Stage, epochs: int) -> None:
    """The real training loop for some more epochs."""
    stage.epochs = stage.progress.epoch + epochs
    fit(stage, lambda *_: None)


def head_epoch(settings: dict[str, Any]) -> Ready:
    """Epochs of the head on cached features, the validation after each included."""
    overrides = ("features.views=0", f"head_stage.epochs={PLENTY}")
    stage = stage_of("head", *load(settings, *overrides))
    train_further(stage, 2)

    def turn(number: int) -> tuple[float, int]:
        began = time.perf_counter()
        train_further(stage, HEAD_EPOCHS)
        return time.perf_counter() - began, HEAD_EPOCHS * stage.inputs.photos

    return Ready(turn, {"version": "with validation"})


def finetuning(settings: dict[str, Any], *overrides: str) -> Stage:
    """The stage after the head, with few photos to validate on: only the training is timed."""
    every = ("features.views=0", f"finetune_stage.epochs={PLENTY}", "finetune_stage.batch_size=32")
    options, materials = load(settings, *every, "head_stage.epochs=0", *overrides)
    few = some_of_every_class(materials.data, settings["photos"])
    few = replace(few, splits={**few.splits, "val": few.records("val")[:1]})
    return stage_of("finetune", options, replace(materials, data=few))


def timed(stage: Stage, version: str) -> Ready:
    """Turns of one epoch each."""
    inputs = TimedInputs(stage.inputs)
    stage.inputs = inputs
    train_further(stage, 1)

    def turn(number: int) -> tuple[float, int]:
        train_further(stage, 1)
        return inputs.seconds[-1], inputs.photos

    return Ready(turn, {"version": version})


def top_step(settings: dict[str, Any]) -> Ready:
    """The last four layers and the head, from cached maps."""
    stage = finetuning(settings, "finetune_stage.from_block=15")
    return timed(stage, "from cached maps")


def whole_step(settings: dict[str, Any]) -> Ready:
    """The whole network on photos in memory; batch norm's statistics frozen or not."""
    frozen = settings["frozen_statistics"]
    stage = finetuning(
        settings,
        "finetune_stage.from_block=0",
        "finetune_stage.inputs=photos",
        f"finetune_stage.freeze_bn_statistics={str(frozen).lower()}",
    )
    photos = stage.inputs
    images = read_photos([photos.reader.root / r.path for r in photos.records], photos.input)
    labels = np.array([r.label for r in photos.records], np.int32)
    stage.inputs = ArrayInputs(images, labels, photos.seed)
    return timed(stage, "")


if __name__ == "__main__":
    serve(
        {
            "extraction": extraction,
            "head_epoch": head_epoch,
            "top_step": top_step,
            "whole_step": whole_step,
        }
    )
