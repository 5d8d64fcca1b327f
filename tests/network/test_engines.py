"""What runs the frozen layers, and when it may."""

import mindspore as ms
import numpy as np
import pytest
from helpers import mode, toy_backbone

from src_mindspore.backbone import NamedOutputs
from src_mindspore.network import engines
from src_mindspore.network.engines import (
    MindSporeEngine,
    OnnxRuntimeEngine,
    choose_engine,
    run_on_all_cores,
)
from src_mindspore.network.forward import run_batched
from src_mindspore.system.errors import UserError

OUTPUTS = ("features.14", "mean", "max")


def images(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (count, 3, 64, 64)).astype(np.float32)


@pytest.fixture(scope="module")
def onnx_engine():
    with mode(ms.GRAPH_MODE):
        return choose_engine("auto", "CPU", toy_backbone(), OUTPUTS, images(3), 8)


def test_auto_takes_onnx_runtime_on_a_cpu(onnx_engine):
    assert isinstance(onnx_engine, OnnxRuntimeEngine)


@pytest.mark.parametrize("count", [1, 5])
def test_onnx_runtime_agrees_with_mindspore(onnx_engine, count):
    x = images(count, seed=count)
    with mode(ms.GRAPH_MODE):  # choose_engine has compared with PyNative mode
        expected = MindSporeEngine(toy_backbone(), OUTPUTS, batch_size=4)(x)
        network = NamedOutputs(toy_backbone(), OUTPUTS).set_train(False)
        uncompiled = run_batched(network, x, 4, compiled=False)
        assert ms.get_context("mode") == ms.GRAPH_MODE
    for ours, theirs in zip(uncompiled, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    got = onnx_engine(x)
    assert [o.shape for o in got] == [(count, 56, 2, 2), (count, 1280), (count, 1280)]
    for name, ours, theirs in zip(OUTPUTS, got, expected, strict=True):
        assert ours.dtype == theirs.dtype == np.float32
        assert np.abs(theirs).max() > 0.5, name  # a network of zeros would agree as well
        np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max(), err_msg=name)


def test_all_cores_give_what_one_gives(onnx_engine):
    x = images(engines.SLICE * 2 + 1)
    for got, expected in zip(run_on_all_cores(onnx_engine, x), onnx_engine(x), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-6 * np.abs(expected).max())


class Fake:
    """An engine that gives fixed values, whatever it is built with."""

    def __init__(self, name: str, *outputs: list[float]):
        self.name = name
        self.outputs = tuple(np.array([values], np.float32) for values in outputs)

    def __call__(self, _):
        return self.outputs


def test_uncompiled_is_what_compiled_gives():
    with mode(ms.GRAPH_MODE):
        got = engines.reference_outputs(toy_backbone(), OUTPUTS, images(3))
        assert ms.get_context("mode") == ms.GRAPH_MODE
        expected = MindSporeEngine(toy_backbone(), OUTPUTS, 3)(images(3))
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def choose(monkeypatch, wanted: str, device: str, *onnx_outputs: list[float]) -> str:
    """Name of the engine chosen, where MindSpore gives 1, 100 and 1, 2."""
    mindspore_engine = Fake("mindspore", [1, 100], [1, 2])
    onnx_engine = Fake("onnxruntime", *onnx_outputs)
    monkeypatch.setattr(engines, "MindSporeEngine", lambda *_: mindspore_engine)
    monkeypatch.setattr(engines, "reference_outputs", lambda *_: mindspore_engine.outputs)
    monkeypatch.setattr(engines, "OnnxRuntimeEngine", lambda *_: onnx_engine)
    return choose_engine(wanted, device, None, ("a", "b"), images(1), 8).name


GOOD = ([1, 100.05], [1.001, 2])  # 5e-4 of the largest, both
BAD = [
    ([1, 100.2], [1, 2]),
    ([1, 100], [1, 2.003]),
    ([1, 100], [1, np.nan]),
    ([np.inf, 100], [1, 2]),
]


@pytest.mark.parametrize(
    ("wanted", "device", "expected"),
    [
        ("auto", "CPU", "onnxruntime"),
        ("auto", "GPU", "mindspore"),
        ("auto", "Ascend", "mindspore"),
        ("mindspore", "CPU", "mindspore"),
        ("onnxruntime", "CPU", "onnxruntime"),
        ("onnxruntime", "GPU", "onnxruntime"),
    ],
)
def test_the_choice(monkeypatch, wanted, device, expected):
    assert choose(monkeypatch, wanted, device, *GOOD) == expected


@pytest.mark.parametrize("outputs", BAD)
def test_auto_falls_back_with_a_warning(monkeypatch, caplog, outputs):
    assert choose(monkeypatch, "auto", "CPU", *outputs) == "mindspore"
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("ONNX Runtime differs from MindSpore by ")
    assert record.getMessage().endswith(" (limit 1e-03): MindSpore runs the frozen layers")


@pytest.mark.parametrize("outputs", BAD)
def test_onnx_runtime_by_name_refuses_to_be_wrong(monkeypatch, outputs):
    text = r"differs from MindSpore by .* \(limit 1e-03\); the engine can be mindspore$"
    with pytest.raises(UserError, match=text):
        choose(monkeypatch, "onnxruntime", "CPU", *outputs)
