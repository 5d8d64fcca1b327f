"""The name of a cache entry: another one for whatever changes the values, and only then."""

from dataclasses import replace

import mindspore as ms
import pytest
from helpers import input_spec, noise, toy_backbone, write_photos

from src_mindspore.backbones.mobilenet_v2 import MobileNetV2Backbone
from src_mindspore.dataset import DataSet
from src_mindspore.features.job import FeatureJob, Views
from src_mindspore.photos.augment import Augmentation
from src_mindspore.photos.records import Record
from src_mindspore.spec.input import ValueRange

RECORDS = tuple(Record(f"{i}.png", i % 2) for i in range(5))
VIEWS = Views(2, Augmentation(), seed=7)


def other_backbone(layer: int | None = None, **arguments) -> MobileNetV2Backbone:
    """The toy backbone; one weight of a layer is another."""
    backbone = MobileNetV2Backbone(0.35, **arguments)
    for theirs, ours in zip(
        backbone.get_parameters(), toy_backbone().get_parameters(), strict=True
    ):
        values = ours.asnumpy().copy()
        if layer is not None and theirs.name.startswith(f"features.{layer}."):
            values.flat[0] += 1e-3
        theirs.set_data(ms.Tensor(values))
    return backbone


SAME_KEY = {
    "nothing": lambda job: job,
    "an equal network": lambda job: replace(job, backbone=other_backbone()),
    "a layer that is not run": lambda job: replace(job, backbone=other_backbone(3)),
    "the batch size": lambda job: replace(job, batch_size=99),
}
OTHER_KEY = {
    "a weight": lambda job: replace(job, backbone=other_backbone(2)),
    "epsilon": lambda job: replace(job, backbone=other_backbone(bn_eps=1e-4)),
    "padding": lambda job: replace(job, backbone=other_backbone(padding="symmetric")),
    "outputs": lambda job: replace(job, outputs=("features.1",)),
    "size": lambda job: replace(job, input=input_spec(48)),
    "crop": lambda job: replace(job, input=input_spec(32, 40)),
    "filter": lambda job: replace(job, input=input_spec(32, interpolation="bicubic")),
    "mean": lambda job: replace(job, input=replace(job.input, mean=(127.5, 127.5, 127.0))),
    "std": lambda job: replace(job, input=replace(job.input, std=(127.5, 127.5, 127.0))),
    "number of views": lambda job: replace(job, views=replace(VIEWS, count=3)),
    "range": lambda job: replace(job, input=replace(job.input, range=ValueRange(0, 1023))),
    "seed": lambda job: replace(job, views=replace(VIEWS, seed=8)),
    "augmentation": lambda job: replace(
        job, views=replace(VIEWS, augmentation=Augmentation(hue=0.1))
    ),
    "engine": lambda job: replace(job, engine="mindspore"),
}


def key_of(job: FeatureJob, data: DataSet) -> str:
    return job.key(data.records("train"), data.digests)


@pytest.fixture
def data(tmp_path):
    write_photos(tmp_path / "data", [r.path for r in RECORDS])
    return DataSet(tmp_path / "data", ("a", "b"), {"train": RECORDS})


@pytest.fixture
def shallow() -> FeatureJob:
    return FeatureJob(toy_backbone(), ("features.2",), input_spec(32), VIEWS, "auto", "CPU", 4)


@pytest.mark.parametrize("what", SAME_KEY)
def test_the_key_stays(data, shallow, what):
    key = key_of(shallow, data)
    assert len(key) == 64
    assert key_of(SAME_KEY[what](shallow), data) == key


@pytest.mark.parametrize("what", OTHER_KEY)
def test_the_key_changes(data, shallow, what):
    assert key_of(OTHER_KEY[what](shallow), data) != key_of(shallow, data)


def test_the_key_changes_with_the_photos(data, shallow):
    key = key_of(shallow, data)
    fewer = DataSet(data.root, data.classes, {"train": RECORDS[:4]})
    swapped = DataSet(data.root, data.classes, {"train": (*RECORDS[1::-1], *RECORDS[2:])})
    noise(99).save(data.root / "2.png")
    changed = DataSet(data.root, data.classes, {"train": RECORDS})
    assert len({key, *(key_of(shallow, other) for other in (fewer, swapped, changed))}) == 4
