"""Epochs of training batches: every photo once, in an order that can be drawn again."""

import numpy as np
import pytest
from helpers import input_spec, write_photos

from src_mindspore.network import engines
from src_mindspore.photos.augment import Augmentation
from src_mindspore.photos.decode import open_photo
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.photos.records import Record
from src_mindspore.photos.tensors import PlainPhotos, read_photos
from src_mindspore.photos.transform import normalise, prepare
from src_mindspore.system.errors import UserError
from src_mindspore.system.rows import blank
from src_mindspore.training.inputs import CachedInputs, PhotoInputs, epoch_order

PHOTOS, VIEWS = 11, 3
STILL = Augmentation((1, 1), (1, 1), 0, 0, 0, 0, 0)
SPEC = input_spec(32)


def cached(seed: tuple[int, ...] = (1, 0)) -> CachedInputs:
    """Features that say which photo and view they are; labels are ten times the photo."""
    photo, view = np.indices((PHOTOS, VIEWS))
    features = np.stack([photo, view], -1).astype(np.float16)
    return CachedInputs(features, 10 * np.arange(PHOTOS, dtype=np.int32), seed)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_photos(tmp_path_factory.mktemp("photos"), [f"{i}.png" for i in range(PHOTOS)])


def photos(folder, augmentation=STILL, trunk=None, seed=(1, 1)) -> PhotoInputs:
    records = [Record(f"{i}.png", i) for i in range(PHOTOS)]
    return PhotoInputs(PhotoReader(folder, PHOTOS), records, SPEC, augmentation, trunk, seed)


def epoch_of(inputs, epoch: int, batch_size: int = 4) -> tuple[np.ndarray, np.ndarray]:
    values, labels = zip(*inputs.batches(epoch, batch_size), strict=True)
    return np.concatenate(values), np.concatenate(labels)


@pytest.mark.parametrize("batch_size", [1, 4, PHOTOS, 50])
def test_every_cached_photo_once_an_epoch(batch_size):
    inputs = cached()
    batches = list(inputs.batches(5, batch_size))
    full, rest = divmod(PHOTOS, batch_size)
    assert [len(labels) for _, labels in batches] == [batch_size] * full + [rest] * bool(rest)
    values, labels = epoch_of(inputs, 5, batch_size)
    assert values.dtype == np.float32
    assert labels.dtype == np.int32
    assert sorted(labels) == list(range(0, 10 * PHOTOS, 10))
    np.testing.assert_array_equal(values[:, 0] * 10, labels)  # features and labels belong together
    np.testing.assert_array_equal(epoch_of(cached(), 5)[0], values)  # whatever the batch size


def test_orders_differ_between_epochs_and_stages_and_repeat():
    orders = [tuple(epoch_order(s, e, 50)) for s in ((1, 0), (1, 1), (2, 0)) for e in range(4)]
    assert len(set(orders)) == len(orders)
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert tuple(epoch_order((1, 0), 3, 50)) == orders[3]


def test_every_view_is_shown():
    drawn = np.concatenate([epoch_of(cached(), e)[0] for e in range(30)]).astype(int)
    counts = np.zeros((PHOTOS, VIEWS), int)
    np.add.at(counts, tuple(drawn.T), 1)
    assert (counts.sum(1) == 30).all()
    assert counts.min() >= 2
    assert counts.sum(0).min() > 30 * PHOTOS / VIEWS * 0.8


def test_every_photo_once_an_epoch(folder):
    inputs = photos(folder)
    plain = read_photos([folder / f"{i}.png" for i in range(PHOTOS)], SPEC)
    for epoch in (0, 1):
        values, labels = epoch_of(inputs, epoch)
        assert sorted(labels) == list(range(PHOTOS))
        np.testing.assert_array_equal(labels, epoch_order((1, 1), epoch, PHOTOS))
        np.testing.assert_array_equal(values, plain[labels])


def test_photos_are_augmented_anew_and_alike_for_an_epoch(folder):
    first = photos(folder, Augmentation())
    list(first.batches(0, 3))
    values, labels = epoch_of(first, 1)
    again, same = epoch_of(photos(folder, Augmentation()), 1, batch_size=7)
    np.testing.assert_array_equal(labels, same)
    np.testing.assert_array_equal(values, again)
    for seed, epoch in (((1, 1), 2), ((2, 1), 1)):
        others, order = epoch_of(photos(folder, Augmentation(), seed=seed), epoch)
        alike = others[np.argsort(order)] == values[np.argsort(labels)]
        assert not alike.all((1, 2, 3)).any()


class Trunk:
    """Gives the mean of the images, and the images."""

    name = "fake"

    def __init__(self, concurrent: bool):
        self.concurrent = concurrent
        self.sizes = []

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        self.sizes.append(len(images))
        return (images.mean((2, 3)), images)


@pytest.mark.parametrize("concurrent", [False, True])
def test_the_trunk_runs_on_the_way(folder, monkeypatch, concurrent):
    monkeypatch.setattr(engines, "SLICE", 3)
    trunk = Trunk(concurrent)
    values, labels = epoch_of(photos(folder, trunk=trunk), 0)
    plain = read_photos([folder / f"{i}.png" for i in labels], SPEC)
    np.testing.assert_array_equal(values, plain.mean((2, 3)))
    assert sorted(trunk.sizes) == ([1, 1, 3, 3, 3] if concurrent else [3, 4, 4])


def test_plain_photos_are_decoded_by_the_slice(folder):
    plain = PlainPhotos(
        PhotoReader(folder, PHOTOS), [Record(f"{i}.png", 0) for i in range(PHOTOS)], SPEC
    )
    assert len(plain) == PHOTOS
    assert plain[8:99].shape == (3, 3, 32, 32)
    expected = normalise(prepare(open_photo(folder / "9.png"), SPEC)[None], SPEC)
    np.testing.assert_array_equal(plain[9:10], expected)
    with pytest.raises(UserError, match="no such file"):
        read_photos([folder / "1.png", folder / "absent.png"], SPEC)


@pytest.mark.parametrize("kind", ["cached", "photos"])
@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_an_epoch_begun_in_the_middle(folder, kind, first):
    inputs = cached() if kind == "cached" else photos(folder, Augmentation())
    whole = list(inputs.batches(2, 4))
    rest = list(inputs.batches(2, 4, first=first))
    assert len(rest) == 3 - first
    for ours, theirs in zip(rest, whole[first:], strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])


@pytest.mark.parametrize("trunk", [None, Trunk(False), Trunk(True)])
def test_a_photo_that_has_gone_is_a_row_of_nan(tmp_path, trunk):
    write_photos(tmp_path, [f"{i}.png" for i in range(PHOTOS)])
    inputs = photos(tmp_path, trunk=trunk)
    before, labels = epoch_of(inputs, 0)
    (tmp_path / "4.png").unlink()
    after, same = epoch_of(inputs, 0)
    np.testing.assert_array_equal(labels, same)
    np.testing.assert_array_equal(blank(after), labels == 4)
    np.testing.assert_array_equal(after[labels != 4], before[labels != 4])
    plain = PlainPhotos(inputs.reader, inputs.records, SPEC)
    assert blank(plain[:]).tolist() == [i == 4 for i in range(PHOTOS)]
    assert list(inputs.reader.skipped) == ["4.png"]
