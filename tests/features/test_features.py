"""The feature cache: right, whole, and computed once."""

import os
import shutil
from collections import namedtuple
from dataclasses import replace

import mindspore as ms
import numpy as np
import pytest
from helpers import input_spec, mode, toy_backbone, write_photos

from src_mindspore.dataset import DataSet
from src_mindspore.features import job as feature_job
from src_mindspore.features import store as feature_store
from src_mindspore.features.extract import cached_features
from src_mindspore.features.job import FeatureJob, Views
from src_mindspore.features.store import Rows
from src_mindspore.network.engines import MindSporeEngine
from src_mindspore.photos.augment import Augmentation
from src_mindspore.photos.decode import open_photo
from src_mindspore.photos.records import Record
from src_mindspore.photos.transform import normalise, prepare
from src_mindspore.system.errors import UserError

PHOTOS = 5
RECORDS = tuple(Record(f"{i}.png", i % 2) for i in range(PHOTOS))
VIEWS = Views(2, Augmentation(), seed=7)
# 15 rows: a map of 8 x 8 x 8 float16 and two vectors of 1280 float32
NEEDED = 15 * (8 * 8 * 8 * 2 + 2 * 1280 * 4)
USAGE = namedtuple("USAGE", "total used free")


def outputs_of(images: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The image in a quarter of its size, its mean and its maximum, in the toy's channels."""
    maps = np.repeat(images[:, :, ::4, ::4], 3, axis=1)[:, :8]
    mean, largest = (np.tile(v, 427)[:, :1280] for v in (images.mean((2, 3)), images.max((2, 3))))
    return maps, mean, largest


class FakeEngine:
    """What a toy backbone's layer 2, mean and max are shaped like; fails when it is told to."""

    name = "fake"
    concurrent = False

    def __init__(self):
        self.sizes = []
        self.fails_at = None

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        self.sizes.append(len(images))
        if len(self.sizes) == self.fails_at:
            raise RuntimeError("the engine broke")
        return outputs_of(images)


@pytest.fixture
def engine(monkeypatch, tmp_path):
    monkeypatch.setenv("POCKETLENS_CACHE", str(tmp_path / "users"))
    fake = FakeEngine()
    monkeypatch.setattr(feature_job, "choose_engine", lambda *_: fake)
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
    for rows, expected in zip(got.values(), direct, strict=True):
        values = rows[:]
        expected = expected.reshape(PHOTOS, 2, *expected.shape[1:])
        assert values.shape == expected.shape
        assert np.abs(values - expected).max() < 1e-3 * np.abs(expected).max()
        # views differ, and so do photos: a row in the wrong place would show
        assert np.abs(values[0, 0] - values[0, 1]).max() > 0.1
        assert np.abs(values[0, 0] - values[1, 0]).max() > 0.1


def expected_of(data: DataSet) -> dict[str, np.ndarray]:
    images = images_of(data, VIEWS)
    outputs = outputs_of(images.reshape(-1, 3, 32, 32))
    maps, mean, largest = (o.reshape(*images.shape[:2], *o.shape[1:]) for o in outputs)
    return {"features.2": maps.astype(np.float16), "mean": mean, "max": largest}


def test_rows_are_in_order_and_the_short_last_batch_is_kept(engine, data, job, tmp_path):
    got = cached_features(job, data, "train", tmp_path / "cache")
    assert engine.sizes == [4, 4, 4, 3]
    for name, expected in expected_of(data).items():
        assert isinstance(got[name], Rows)
        assert got[name].shape == expected.shape
        np.testing.assert_array_equal(got[name][:], expected)
        photos, views = np.array([4, 0, 4, 2]), np.array([1, 2, 0, 1])
        np.testing.assert_array_equal(got[name][photos, views], expected[photos, views])


def test_a_concurrent_engine_works_photo_by_photo(engine, data, job, tmp_path, monkeypatch):
    monkeypatch.setattr(feature_store, "CHUNK_BATCHES", 1)  # 4 rows: photos are cut in between
    engine.concurrent = True
    got = cached_features(job, data, "train", tmp_path / "cache")
    assert sorted(engine.sizes) == [1, 1, 2, 2, 3, 3, 3]
    for name, expected in expected_of(data).items():
        np.testing.assert_array_equal(got[name][:], expected)


def test_an_engine_is_chosen_once(data, job, tmp_path, monkeypatch):
    chosen = []

    def choose(*_: object) -> FakeEngine:
        chosen.append(FakeEngine())
        return chosen[-1]

    monkeypatch.setattr(feature_job, "choose_engine", choose)
    cached_features(job, data, "train", tmp_path)
    plain = replace(job, views=Views())
    cached_features(plain, data, "train", tmp_path)
    assert len(chosen) == 1
    others = toy_backbone()
    parameter = next(p for p in others.get_parameters() if p.name.endswith("gamma"))
    parameter.set_data(parameter + 1)
    cached_features(replace(plain, backbone=others), data, "train", tmp_path)
    assert len(chosen) == 2  # other weights


def test_a_second_call_reads_what_the_first_wrote(engine, data, job, tmp_path):
    first = cached_features(job, data, "train", tmp_path / "cache")
    calls = len(engine.sizes)
    second = cached_features(job, data, "train", tmp_path / "cache")
    assert len(engine.sizes) == calls
    for name in job.outputs:
        np.testing.assert_array_equal(first[name][:], second[name][:])
    cached_features(job, data, "train")  # the user's cache is another
    assert len(engine.sizes) == 2 * calls
    assert len(list((tmp_path / "users/features").iterdir())) == 1


def test_an_entry_that_is_read_is_used_and_an_unused_one_makes_room(engine, data, job, tmp_path):
    jobs = [replace(job, views=replace(VIEWS, seed=seed)) for seed in range(3)]
    entries = [tmp_path / j.key(data.records("train"), data.digests)[:32] for j in jobs]
    for one, entry in zip(jobs[:2], entries, strict=False):
        cached_features(one, data, "train", tmp_path)
        os.utime(entry / "about.json", (1, 1))
    size = sum(file.stat().st_size for file in entries[0].iterdir())
    cached_features(jobs[0], data, "train", tmp_path, limit=0)  # nothing new: nothing goes
    calls = len(engine.sizes)
    found = cached_features(jobs[2], data, "train", tmp_path, limit=int(2.5 * size))
    assert len(engine.sizes) > calls
    assert [entry.is_dir() for entry in entries] == [True, False, True]
    assert np.isfinite(found["mean"][:]).all()


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


def test_what_a_crash_leaves_is_gone_on_with(engine, data, job, tmp_path, monkeypatch):
    monkeypatch.setattr(feature_store, "CHUNK_BATCHES", 1)
    engine.fails_at = 3
    with pytest.raises(RuntimeError, match="the engine broke"):
        cached_features(job, data, "train", tmp_path / "cache")
    (left,) = (tmp_path / "cache").iterdir()
    assert left.name.endswith(".partial")
    again = replace(job, batch_size=5)  # rows 0 to 7 are there, in batches of 4
    got = cached_features(again, data, "train", tmp_path / "cache")
    assert engine.sizes == [4, 4, 4, 4, 3]
    for name, expected in expected_of(data).items():
        np.testing.assert_array_equal(got[name][:], expected)
    (entry,) = (tmp_path / "cache").iterdir()
    names = sorted(path.name for path in entry.iterdir())
    assert names == ["about.json", "features.2.npy", "max.npy", "mean.npy"]


@pytest.mark.parametrize("concurrent", [False, True])
@pytest.mark.parametrize("how", ["emptied", "deleted", "another"])
def test_a_photo_that_has_gone(engine, data, job, tmp_path, monkeypatch, concurrent, how):
    monkeypatch.setattr(feature_store, "CHUNK_BATCHES", 1)  # rows 0-3, 4-7, 8-11, 12-14
    engine.concurrent = concurrent
    photo, expected, _ = data.root / "3.png", expected_of(data), data.digests
    content = photo.read_bytes()
    {"emptied": lambda: photo.write_bytes(b""), "deleted": photo.unlink}.get(
        how, lambda: shutil.copy(data.root / "2.png", photo)
    )()
    reader = data.reader()
    got = cached_features(job, data, "train", tmp_path / "cache", reader)
    assert list(reader.skipped) == ["3.png"]
    for name, values in expected.items():
        assert np.isnan(got[name][:][3]).all()
        kept = [0, 1, 2, 4]
        np.testing.assert_array_equal(got[name][:][kept], values[kept])
    (left,) = (tmp_path / "cache").iterdir()
    assert left.name.endswith(".partial")  # nobody takes the holes for features

    photo.write_bytes(content)
    engine.sizes.clear()
    again = cached_features(job, data, "train", tmp_path / "cache")
    assert sum(engine.sizes) == 4  # rows 8 to 11, or photo 3 is in rows 9 to 11
    for name, values in expected.items():
        np.testing.assert_array_equal(again[name][:], values)
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [left.name[1:33]]


def test_too_many_photos_that_have_gone(engine, data, job, tmp_path):
    reader = data.reader()
    for name in ("1.png", "3.png"):
        (data.root / name).unlink()
    with pytest.raises(UserError, match=r"2 of 5 photos cannot be read any more; up to 1 \(1%"):
        cached_features(job, data, "train", tmp_path / "cache", reader)


def test_the_size_is_said_before_it_is_written(engine, data, job, tmp_path, caplog):
    caplog.set_level("INFO")
    engine.fails_at = 1
    with pytest.raises(RuntimeError):
        cached_features(job, data, "train", tmp_path / "cache")
    assert "features: 15 views, 0.2 MB" in caplog.messages
    assert round(NEEDED / 1e6, 1) == 0.2


@pytest.mark.parametrize("free", [0, NEEDED - 1])
def test_no_room_on_the_disk(engine, data, job, tmp_path, monkeypatch, free):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: USAGE(10**9, 0, free))
    with pytest.raises(UserError) as info:
        cached_features(job, data, "train", tmp_path / "cache")
    assert str(info.value) == (
        f"the feature cache in {tmp_path / 'cache'} needs 0 MB; 0 MB are free"
    )
    assert list((tmp_path / "cache").iterdir()) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: USAGE(10**9, 0, NEEDED))
    cached_features(job, data, "train", tmp_path / "cache")


def test_a_cache_that_cannot_be_written(engine, data, job, tmp_path):
    (tmp_path / "cache").touch()
    with pytest.raises(UserError) as info:
        cached_features(job, data, "train", tmp_path / "cache")
    assert str(info.value) == (
        f"the feature cache {tmp_path / 'cache'} cannot be written (Not a directory)"
    )
