"""The device, and where randomness comes from."""

import logging
import os
import random
import subprocess
import sys
from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
from helpers import mode
from mindspore import nn

import src_mindspore
from src_mindspore.network import device as runtime
from src_mindspore.system.errors import UserError

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def same_mode_afterwards():
    with mode(ms.get_context("mode")):
        yield


@pytest.fixture
def devices(monkeypatch):
    """Pretends that the machine has these devices; MindSpore is told of none of them."""
    chosen = []

    def pretend(*names: str) -> list[str]:
        monkeypatch.setattr(runtime, "_available", lambda: [*names])
        monkeypatch.setattr(ms, "set_device", chosen.append)
        get = ms.get_context
        other = {"device_target": "none of them"}
        monkeypatch.setattr(ms, "get_context", lambda key: other.get(key) or get(key))
        return chosen

    return pretend


@pytest.mark.parametrize(
    ("there", "wanted", "device"),
    [
        (("Ascend", "GPU", "CPU"), "auto", "Ascend"),
        (("GPU", "CPU"), "auto", "GPU"),
        (("CPU",), "auto", "CPU"),
        (("GPU", "CPU"), "CPU", "CPU"),
    ],
)
def test_choice(devices, caplog, there, wanted, device):
    caplog.set_level(logging.INFO)
    chosen = devices(*there)
    assert runtime.select_device(wanted) == device
    assert chosen == [device]
    assert ms.get_context("mode") == ms.GRAPH_MODE
    chosen_by = " (chosen by auto)" if wanted == "auto" else ""
    assert caplog.messages[0] == f"device: {device}{chosen_by}"
    assert len(caplog.messages) == (2 if device == "CPU" else 1)


@pytest.mark.parametrize(("by_user", "whose"), [(True, "the user's"), (False, "set for speed")])
def test_the_log_names_the_onednn_cap(devices, caplog, monkeypatch, by_user, whose):
    caplog.set_level(logging.INFO)
    devices("CPU")
    monkeypatch.setattr(src_mindspore, "ONEDNN_CAP_FROM_USER", by_user)
    monkeypatch.setitem(os.environ, "ONEDNN_MAX_CPU_ISA", "SSE41")
    runtime.select_device("CPU")
    assert caplog.messages[1] == f"oneDNN: ONEDNN_MAX_CPU_ISA=SSE41 ({whose})"


@pytest.mark.parametrize("wanted", ["Ascend", "TPU"])
def test_a_device_that_is_not_there(devices, wanted):
    chosen = devices("GPU", "CPU")
    with pytest.raises(UserError, match=f"device {wanted} is not on this machine; it has GPU, CPU"):
        runtime.select_device(wanted)
    assert not chosen


def test_this_machine():
    """In a process of its own: MindSpore lets nobody choose once it has computed something."""
    body = "device = select_device('CPU'); print(device, select_device('CPU'), _available()[-1])"
    code = (
        "import sys; from src_mindspore.system import command\n"
        "def body():\n  from src_mindspore.network.device import _available, select_device\n"
        f"  {body}\n"
        "sys.exit(command.run(body))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert result.stdout == "CPU CPU CPU\n"
    lines = result.stderr.splitlines()  # nothing of what MindSpore says about absent devices
    assert [line.split(":")[0] for line in lines] == ["device", "oneDNN"] * 2


def draws() -> list[np.ndarray]:
    return [
        np.array([random.random()]),  # noqa: S311 - the generator that is tested
        np.random.rand(3),
        nn.Dense(3, 3).weight.asnumpy(),
    ]


def test_seed():
    found = []
    for seed in (3, 3, 0):
        runtime.seed_everything(seed)
        found.append(draws())
    for one, same, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, same)
        assert (one != other).any()
