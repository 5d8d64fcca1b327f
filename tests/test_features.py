"""The feature cache: right, whole, and computed once."""

import os
import shutil
from collections import namedtuple
from dataclasses import replace

import mindspore as ms
import numpy as np
import pytest
from helpers import input_spec, mode, toy_backbone, write_photos

from src_mindspore import features
from src_mindspore.dataset import DataSet
from src_mindspore.engines import MindSporeEngine
from src_mindspore.errors import UserError
from src_mindspore.features import FeatureJob, Views, cached_features
from src_mindspore.records import Record
from src_mindspore.transforms import Augmentation, normalise, open_photo, prepare

PHOTOS = 5
RECORDS = tuple(Record(f"{i}.png", i % 2) for i in range(PHOTOS))
VIEWS = Views(2, Augmentation(), seed=7)
USAGE = namedtuple("USAGE", "total used free")


class FakeEngine:
    """The image in a quarter of its size, its mean and its maximum; fails when it is told to."""

    name = "fake"

    def __init__(self):
        self.sizes = []
        self.fails_at = None

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        self.sizes.append(len(images))
        if len(self.sizes) == self.fails_at:
            raise RuntimeError("the engine broke")
        return images[:, :, ::4, ::4], images.mean((2, 3)), images.max((2, 3))


@pytest.fixture
def engine(monkeypatch, tmp_path):
    monkeypatch.setenv("POCKETLENS_CACHE", str(tmp_path / "users"))
    fake = FakeEngine()
    monkeypatch.setattr(features, "choose_engine", lambda *_: fake)
    return fake


@pytest.fixture
def data(tmp_path):
    write_photos(tmp_path / "data", [r.path for r in RECORDS])
    return DataSet(tmp_path / "data", ("a", "b"), {"train": RECORDS})


@pytest.fixture
def job() -> FeatureJob:
    outputs = ("features.2", "mean", "max")
    return FeatureJob(toy_backbone(), outputs, input_spec(32), VIEWS, "auto", "CPU", 4)


def images_of(data: DataSet, views: Views) -> np.ndarray:
    """(photos, views + 1, 3, 32, 32), photo by photo."""
    spec = input_spec(32)
    rows = []
    for index, record in enumerate(data.records("train")):
        image = open_photo(data.root / record.path)
        rngs = [np.random.default_rng([views.seed, index, view]) for view in range(views.count)]
        shown = [prepare(image, spec), *(views.augmentation(image, rng, spec) for rng in rngs)]
        rows.append(normalise(np.stack(shown), spec))
    return np.stack(rows)


@pytest.mark.parametrize("name", ["mindspore", "onnxruntime"])
def test_the_cache_holds_what_the_network_gives(data, job, tmp_path, name):
    backbone = toy_backbone()
    job = replace(
        job, engine=name, outputs=("features.1", "features.0"), views=replace(VIEWS, count=1)
    )
    images = images_of(data, job.views)
    with mode(ms.GRAPH_MODE):
        got = cached_features(job, data, "train", tmp_path / "cache")
    with mode(ms.PYNATIVE_MODE):
        direct = MindSporeEngine(backbone, job.outputs, 10)(images.reshape(-1, 3, 32, 32))
    assert list(got) == ["features.1", "features.0"]
    for values, expected in zip(got.values(), direct, strict=True):
        expected = expected.reshape(PHOTOS, 2, *expected.shape[1:])
        assert values.shape == expected.shape
        assert np.abs(values - expected).max() < 1e-3 * np.abs(expected).max()
        # views differ, and so do photos: a row in the wrong place would show
        assert np.abs(values[0, 0] - values[0, 1]).max() > 0.1
        assert np.abs(values[0, 0] - values[1, 0]).max() > 0.1


def test_rows_are_in_order_and_the_short_last_batch_is_kept(engine, data, job, tmp_path):
    got = cached_features(job, data, "train", tmp_path / "cache")
    images = images_of(data, VIEWS)
    assert engine.sizes == [1, 4, 4, 4, 3]
    np.testing.assert_array_equal(got["mean"], images.mean((3, 4)))
    np.testing.assert_array_equal(got["max"], images.max((3, 4)))
    np.testing.assert_array_equal(got["features.2"], images[..., ::4, ::4].astype(np.float16))
    for array in got.values():
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
        owner = array
        while not isinstance(owner, np.memmap):
            owner = owner.base  # an array in memory would end in None


def test_a_second_call_reads_what_the_first_wrote(engine, data, job, tmp_path):
    first = cached_features(job, data, "train", tmp_path / "cache")
    calls = len(engine.sizes)
    second = cached_features(job, data, "train", tmp_path / "cache")
    assert len(engine.sizes) == calls
    for name in job.outputs:
        np.testing.assert_array_equal(first[name], second[name])
    cached_features(job, data, "train")  # the user's cache is another
    assert len(engine.sizes) == 2 * calls
    assert len(list((tmp_path / "users/features").iterdir())) == 1


def test_mtime_and_name_of_a_photo_do_not_matter(engine, data, job, tmp_path):
    cached_features(job, data, "train", tmp_path / "cache")
    calls = len(engine.sizes)
    os.utime(data.root / "0.png", (0, 0))
    (data.root / "4.png").rename(data.root / "9.png")
    renamed = DataSet(data.root, data.classes, {"train": (*RECORDS[:4], Record("9.png", 1))})
    cached_features(job, renamed, "train", tmp_path / "cache")
    assert len(engine.sizes) == calls


@pytest.mark.parametrize(("count", "of_maps"), [(0, np.float32), (2, np.float16)])
def test_dtype(engine, data, job, tmp_path, count, of_maps):
    got = cached_features(replace(job, views=replace(VIEWS, count=count)), data, "train", tmp_path)
    expected = {"features.2": of_maps, "mean": np.float32, "max": np.float32}
    assert {name: array.dtype for name, array in got.items()} == expected


def test_a_crash_leaves_nothing_behind(engine, data, job, tmp_path):
    engine.fails_at = 3  # the first call asks for the shapes
    with pytest.raises(RuntimeError, match="the engine broke"):
        cached_features(job, data, "train", tmp_path / "cache")
    assert engine.sizes == [1, 4, 4]
    assert list((tmp_path / "cache").iterdir()) == []
    assert len(cached_features(job, data, "train", tmp_path / "cache")["mean"]) == PHOTOS


def test_a_photo_that_cannot_be_read(engine, data, job, tmp_path):
    (data.root / "3.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"3\.png is not an image that can be read"):
        cached_features(job, data, "train", tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_another_process_may_be_first(engine, data, job, tmp_path, monkeypatch):
    def slow_choice(*_):
        monkeypatch.setattr(features, "choose_engine", lambda *_: engine)
        cached_features(job, data, "train", tmp_path / "cache")
        return engine

    monkeypatch.setattr(features, "choose_engine", slow_choice)
    got = cached_features(job, data, "train", tmp_path / "cache")
    np.testing.assert_array_equal(got["mean"], images_of(data, VIEWS).mean((3, 4)))
    assert len(list((tmp_path / "cache").iterdir())) == 1


# 15 rows: a map of 3 x 8 x 8 float16 and two vectors of 3 float32
NEEDED = 15 * (3 * 8 * 8 * 2 + 2 * 3 * 4)


@pytest.mark.parametrize("free", [0, NEEDED - 1])
def test_no_room_on_the_disk(engine, data, job, tmp_path, monkeypatch, free):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: USAGE(10**9, 0, free))
    with pytest.raises(UserError) as info:
        cached_features(job, data, "train", tmp_path / "cache")
    assert str(info.value) == (
        f"the feature cache in {tmp_path / 'cache'} needs 0 MB; 0 MB are free. "
        "Fewer features.views or another features.cache_dir would do"
    )
    assert list((tmp_path / "cache").iterdir()) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: USAGE(10**9, 0, NEEDED))
    cached_features(job, data, "train", tmp_path / "cache")


def test_a_cache_that_cannot_be_written(engine, data, job, tmp_path):
    (tmp_path / "cache").touch()
    with pytest.raises(UserError) as info:
        cached_features(job, data, "train", tmp_path / "cache")
    assert str(info.value) == (
        f"the feature cache {tmp_path / 'cache'} cannot be written (Not a directory); "
        "another features.cache_dir would do"
    )
