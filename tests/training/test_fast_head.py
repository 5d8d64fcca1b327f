"""The compiled head against the loop, and its draws against NumPy's."""

import contextlib
import itertools
import json
import platform
import re
import subprocess
import sys
from functools import partial

import mindspore as ms
import numpy as np
import pytest
from helpers import mode
from mindspore import nn
from workplace import REPOSITORY

from src_mindspore import head as head_room
from src_mindspore.compiled import build
from src_mindspore.features.store import Picked
from src_mindspore.head import HIDDEN_ACTIVATIONS, ClassifierHead
from src_mindspore.lr import Plateau
from src_mindspore.runs.folder import RunFolder
from src_mindspore.system.errors import UserError
from src_mindspore.training import fast_head, head_library
from src_mindspore.training.fast_head import RULES, FastHead, NotFiniteError, first_weights
from src_mindspore.training.inputs import CachedInputs
from src_mindspore.training.loop import fit
from src_mindspore.training.loss import ClassificationLoss
from src_mindspore.training.optimizers import OPTIMIZERS, build_optimizer
from src_mindspore.training.stage import Stage, go_on
from src_mindspore.training.step import TrainStep
from src_mindspore.weights.assign import arrays_of, assign_strict

PHOTOS, VIEWS, WIDTH, CLASSES, BATCH, EPOCHS = 22, 3, 37, 5, 8, 3  # batches of 8, 8 and 6
STEPS = EPOCHS * 3
SEED = (7, 0)
LR = np.linspace(0.02, 0.001, STEPS).astype(np.float32)
WEIGHTS = np.array([0.5, 2, 1, 1.5, 0.25], np.float32)  # of the classes


@pytest.fixture(scope="module", autouse=True)
def graph_mode():
    with mode(ms.GRAPH_MODE):
        yield


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    features = np.maximum(rng.normal(0, 1, (PHOTOS, VIEWS, WIDTH)), 0).astype(np.float32)
    return features, rng.integers(0, CLASSES, PHOTOS).astype(np.int32)


class Top(nn.Cell):
    """A head alone."""

    def __init__(self, head: ClassifierHead) -> None:
        super().__init__(auto_prefix=False)
        self.head = head

    def construct(self, x, keep=None):
        return self.head.classify(x, keep)


def both(
    data,
    optimizer="momentum",
    momentum=0.9,
    weight_decay=0.1,
    hidden=(),
    hidden_activation="relu",
    dropout=0.0,
    activation=None,
    label_smoothing=0.0,
) -> tuple[Stage, FastHead]:
    """A stage of the loop, and a compiled head with its first weights."""
    features, labels = data
    ms.set_seed(1)
    head = {"hidden_activation": hidden_activation, "dropout": dropout, "activation": activation}
    top = Top(ClassifierHead(WIDTH, 1, CLASSES, hidden=hidden, **head))
    # so large that logits, and with them losses and gradients, are not all alike
    rng = np.random.default_rng(5)
    start = {n: rng.normal(0, 0.3, a.shape).astype(np.float32) for n, a in arrays_of(top).items()}
    assign_strict(top, start, "the beginning")
    rule = {"momentum": momentum, "weight_decay": weight_decay}
    step = TrainStep(
        top,
        ClassificationLoss(CLASSES, activation, label_smoothing),
        build_optimizer(optimizer, top.trainable_params(), LR, **rule),
    )
    stage = Stage(
        name="head",
        classifier=top,
        step=step,
        inputs=CachedInputs(features, labels, SEED),
        val=(features[:, 0], labels),
        val_loss="logits",
        lr=LR,
        class_weights=WEIGHTS,
        epochs=EPOCHS,
        batch_size=BATCH,
        patience=0,
    )
    fast = FastHead(start, LR, optimizer, **rule, **head, label_smoothing=label_smoothing)
    return stage, fast


def same(found, expected, rtol=1e-5):
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].shape == array.shape, name
        assert found[name].dtype == array.dtype, name
        largest = np.abs(array).max()
        np.testing.assert_allclose(found[name], array, rtol, largest * rtol, err_msg=name)


def agrees(data, rtol=1e-5, **options):
    stage, fast = both(data, **options)
    lines = []
    fit(stage, lambda _, line: lines.append(line))
    for epoch, line in enumerate(lines):
        sums = fast.train_epoch(*data, WEIGHTS, SEED, epoch, BATCH)
        np.testing.assert_allclose(sums.loss / sums.weight, line["train_loss"], rtol=rtol)
        assert (sums.hits / sums.photos, sums.photos) == (line["train_top1"], PHOTOS)
    same(fast.weights(), arrays_of(stage.classifier), rtol)
    state = arrays_of(stage.step.optimizer)
    same(fast.arrays(), state, rtol)
    fast.load(state)  # to the bit, whatever was rounded on the way
    for name, array in state.items():
        assert fast.arrays()[name].tobytes() == array.tobytes(), name
    plain = stage.step.top.set_train(False)(ms.Tensor(data[0][:, 1])).asnumpy()
    np.testing.assert_allclose(fast.logits(data[0][:, 1]), plain, rtol=rtol, atol=rtol)
    return fast


@pytest.mark.parametrize(
    "options",
    [
        {"dropout": 0.3, "label_smoothing": 0.1},
        {
            "optimizer": "adam",
            "hidden": (70, 6),  # more than a panel of columns
            "hidden_activation": "gelu",
            "dropout": 0.2,
            "activation": "sigmoid",
        },
    ],
    ids=["plain", "hidden"],
)
def test_it_trains_as_the_loop_does(data, options):
    agrees(data, **options)


KINDS = (
    {"dropout": 0.3, "label_smoothing": 0.1},
    {"activation": "sigmoid", "label_smoothing": 0.2, "weight_decay": 0.0},
    {"hidden": (9,), "dropout": 0.3, "activation": "softmax"},
)


@pytest.mark.long
@pytest.mark.parametrize(("name", "momentum", "kind"), itertools.product(RULES, (0.0, 0.9), KINDS))
def test_every_optimizer_trains_as_in_the_loop(data, name, momentum, kind):
    agrees(data, optimizer=name, momentum=momentum, **kind)


@pytest.mark.long
@pytest.mark.parametrize("hidden", [(6,), (70, 33), (130, 9, 17)])
@pytest.mark.parametrize("kind", HIDDEN_ACTIVATIONS)
def test_every_activation_trains_as_in_the_loop(data, kind, hidden):
    # MindSpore's tanh is an approximation, up to 1e-4 off; the compiled one is exact
    rtol = 1e-3 if kind == "tanh" else 1e-5
    agrees(data, rtol, hidden=hidden, hidden_activation=kind, dropout=0.2)


def test_a_plateau_lowers_its_rates_as_those_of_the_loop(data):
    ends = []
    for compiled in (False, True):
        stage, fast = both(data)
        stage.fast = fast if compiled else None
        stage.plateau = Plateau(float(LR[0]), 0.05, 0, best=1.0)  # of which nothing is better
        lines = []
        fit(stage, lambda _, line, lines=lines: lines.append(line))
        assert lines[-1]["lr"] < 0.1 * LR[-1]
        ends.append(arrays_of(stage.classifier) | arrays_of(stage.step.optimizer))
    same(ends[1], ends[0])
    assert ends[0]["learning_rate"].tobytes() == ends[1]["learning_rate"].tobytes()


def test_a_lowered_rate_survives_a_stop(data, tmp_path):
    def after_epoch(run: RunFolder, stop: int | None, stage: Stage, line: dict) -> None:
        run.log({**line, "seconds": 0})
        arrays = arrays_of(stage.classifier), arrays_of(stage.step.optimizer)
        run.save(stage.name, stage.progress, *arrays, stage.best)
        if stage.progress.epoch == stop:
            raise KeyboardInterrupt  # a kill leaves no more than this

    ends = []
    for name, stops in (("whole", (None,)), ("stopped", (1, 2, None))):
        (tmp_path / name).mkdir()
        for stop in stops:
            run, (stage, fast) = RunFolder(tmp_path / name), both(data)
            stage.fast, stage.plateau = fast, Plateau(float(LR[0]), 0.05, 0, best=1.0)
            if state := run.begin(("head",)):
                go_on(stage, state, run.lines)
            with contextlib.suppress(KeyboardInterrupt):
                fit(stage, partial(after_epoch, run, stop))
        ends.append([json.dumps(run.lines), (tmp_path / name / "last.ckpt").read_bytes()])
    assert len(run.lines) == EPOCHS
    assert ends[0] == ends[1]


def test_the_names_are_those_of_the_plain_parts():
    assert set(RULES) == set(OPTIMIZERS)
    assert head_library.ACTIVATIONS == HIDDEN_ACTIVATIONS


@pytest.mark.parametrize("seed", [(0,), (7, 0, 3, 3), (2**40 + 1, 2**32, 0), (1,) * 9])
def test_draws_are_those_of_numpy(seed):
    words = head_library.entropy_words(seed)
    for step, first, count in ((0, 0, 1), (1, 0, 7), (2, 1, 6), (3, 4, 1001), (2**31, 1281, 90)):
        got = np.zeros(count, np.uint32)
        head_library.library().HeadDraws(
            words.ctypes.data, len(words), step, first, count, got.ctypes.data
        )
        expected = np.random.default_rng([*seed, step]).random(first + count, np.float32)[first:]
        np.testing.assert_array_equal(got * np.float32(2**-24), expected)


def big(threads: int, **options) -> FastHead:
    weights = first_weights((WIDTH, 30, CLASSES), np.random.default_rng(0))
    return FastHead(weights, LR, "adamw", dropout=0.5, threads=threads, **options)


def test_threads_and_pieces_change_no_bit(data):
    features, labels = data
    whole = big(1)
    sums = [whole.train_epoch(*data, WEIGHTS, SEED, epoch, BATCH) for epoch in range(2)]
    # on three threads, from half precision, and in pieces that another head goes on with
    assert (features.astype(np.float64).astype(np.float32) == features).all()
    one, two = big(3), big(2)
    assert one.train_epoch(features.astype(np.float64), labels, WEIGHTS, SEED, 0, BATCH) == sums[0]
    first = one.train_epoch(*data, WEIGHTS, SEED, 1, BATCH, steps=1)
    two.load(one.arrays())
    second = two.train_epoch(*data, WEIGHTS, SEED, 1, BATCH, first=1)
    np.testing.assert_allclose(first.plus(second), sums[1], rtol=1e-12)
    for name, array in whole.arrays().items():
        assert array.tobytes() == two.arrays()[name].tobytes(), name


def test_some_photos_of_an_array_are_read_where_they_are(data, monkeypatch):
    chosen = np.array([3, 21, 0, 8, 9, 14, 2, 17, 5])
    copied, picked = big(1), big(1)
    sums = copied.train_epoch(data[0][chosen], data[1][chosen], WEIGHTS, SEED, 0, BATCH)
    monkeypatch.setattr(Picked, "__getitem__", None)
    features = Picked(data[0], chosen)
    assert picked.train_epoch(features, data[1][chosen], WEIGHTS, SEED, 0, BATCH) == sums
    for name, array in copied.arrays().items():
        assert array.tobytes() == picked.arrays()[name].tobytes(), name


def test_a_photo_that_is_gone_does_not_count(data):
    features, labels = data[0][:9].copy(), data[1][:9]
    features[4] = np.nan
    fast = big(1)
    sums = fast.train_epoch(features, labels, WEIGHTS, SEED, 0, BATCH)
    assert sums.photos == 8
    np.testing.assert_allclose(sums.weight, WEIGHTS[np.delete(labels, 4)].sum(), rtol=1e-6)
    assert all(np.isfinite(array).all() for array in fast.arrays().values())


def test_first_weights_are_spread_as_those_of_the_plain_head():
    mine = first_weights((400, 300, 200), np.random.default_rng(0))
    ms.set_seed(2)
    plain = arrays_of(Top(ClassifierHead(400, 1, 200, hidden=(300,))))
    assert set(mine) == set(plain)
    for name, array in plain.items():
        assert (mine[name].shape, mine[name].dtype) == (array.shape, array.dtype)
        np.testing.assert_allclose(mine[name].std(), array.std(), rtol=0.1, err_msg=name)
        np.testing.assert_allclose(np.abs(mine[name]).max(), np.abs(array).max(), rtol=0.2)


def test_the_root_mean_square_is_that_of_the_head(data):
    assert fast_head.SMALLEST_SQUARE == head_room.SMALLEST_SQUARE
    head = ClassifierHead(WIDTH, 1, CLASSES, normalisation="rms")
    for size in (1, 1e-3, 0):  # where what is added to the square is little, much, and all
        values = data[0][:, 0] * np.float32(size)
        expected = head.embed(ms.Tensor(values)).asnumpy()
        np.testing.assert_allclose(fast_head.divided_by_rms(values), expected, 1e-5, 1e-7)


def test_a_loss_that_is_no_number_ends_it(data):
    fast = FastHead(
        first_weights((WIDTH, CLASSES), np.random.default_rng(0)), np.full(9, 1e38, np.float32)
    )
    with pytest.raises(NotFiniteError, match=r"the loss of the head became \S+ at step \d") as e:
        fast.train_epoch(*data, WEIGHTS, SEED, 0, BATCH)
    assert 1 < e.value.step == fast.step <= 3


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"optimizer": "lion"}, "optimizer must be one of momentum, sgd, adam, adamw, rmsprop; "),
        ({"hidden_activation": "elu"}, "hidden_activation must be one of relu, relu6, tanh, gelu;"),
        ({"activation": "tanh"}, "activation must be None, softmax or sigmoid; got 'tanh'"),
        ({"dropout": 1.0}, "dropout must be 0 to below 1; got 1.0"),
        ({"label_smoothing": -1}, "label_smoothing must be 0 to below 1; got -1"),
        ({"weights": {}}, "weights must have head.0.weight; got "),
        (
            {"weights": {"head.0.weight": np.ones((2, 3)), "head.2.weight": np.ones((2, 3))}},
            "head.2.weight must have 2 inputs; got 3",
        ),
        (
            {"weights": {"head.0.weight": np.ones((2, 3))}},
            "head.0.bias must be (2,); got none",
        ),
    ],
)
def test_refusals(change, text):
    weights = first_weights((WIDTH, CLASSES), np.random.default_rng(0))
    with pytest.raises(ValueError, match=re.escape(text)):
        FastHead(**{"weights": weights, "lr": LR, **change})


@pytest.mark.parametrize(
    ("features", "labels", "weights", "text"),
    [
        ((4, 2, 9), [0] * 4, 5, "features must be (photos, views, 37) and labels (photos,); got"),
        ((4, 2, 37), [0] * 3, 5, "labels (photos,); got (4, 2, 37) and (3,)"),
        ((4, 2, 37), [0, 1, 2, 5], 5, "labels must be 0 to 4; got 0 to 5"),
        ((4, 2, 37), [0] * 4, 4, "class_weights must be (5,); got (4,)"),
        ((99, 1, 37), [0] * 99, 5, "there are 9 learning rates; got step 13"),
    ],
)
def test_refusals_of_an_epoch(features, labels, weights, text):
    fast = FastHead(first_weights((WIDTH, CLASSES), np.random.default_rng(0)), LR)
    with pytest.raises(ValueError, match=re.escape(text)):
        fast.train_epoch(
            np.zeros(features, np.float32),
            np.array(labels, np.int32),
            np.ones(weights, np.float32),
            SEED,
            0,
            BATCH,
        )


def test_without_a_compiler_it_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("POCKETLENS_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(UserError, match="there is no no-such-compiler"):
        build.library(head_library.SOURCES, "head kernels")


def test_it_loads_no_mindspore():
    code = (
        "import sys, src_mindspore.training.fast_head\n"
        "print([name for name in ('mindspore', 'scipy', 'PIL', 'onnx') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.long
def test_a_processor_without_avx_512_trains_alike(data, monkeypatch):
    if platform.machine() != "x86_64":
        pytest.skip(f"{platform.machine()} always has 8 lanes: there is no other variant")
    options = {"hidden": (70, 6), "hidden_activation": "gelu", "dropout": 0.2}
    native = agrees(data, **options)
    path = build.library(head_library.SOURCES, "head kernels", (*build.FLAGS, "-mno-avx512f"))
    assert path != build.library(head_library.SOURCES, "head kernels")
    monkeypatch.setattr(head_library.build, "library", lambda *_: path)
    head_library.library.cache_clear()
    other = agrees(data, **options)
    monkeypatch.undo()
    head_library.library.cache_clear()
    same(other.arrays(), native.arrays())
