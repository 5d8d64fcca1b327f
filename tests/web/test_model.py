"""Models in the page, run by node: only those that their spec describes; and check.js."""

import random
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lite_fakes import fetched_or_skip
from mutations import mutate
from onnx import TensorProto, helper
from web_core import WebCore, web_core
from web_site import colour_spec, write_colour_model

from src_mindspore.evaluation.model import load_model
from src_mindspore.spec.model import FileSpec
from src_mindspore.web.check import PROGRAM
from src_mindspore.web.runtime import runtime_files


@pytest.fixture(scope="module")
def core() -> Iterator[WebCore]:
    with web_core() as started:
        yield started


@pytest.fixture(scope="module")
def runtime() -> Path:
    return fetched_or_skip(runtime_files)[0].parent


@pytest.fixture
def folder(tmp_path) -> Path:
    write_colour_model(tmp_path / "model", colour_spec())
    return tmp_path / "model"


def graph(inputs: list, outputs: list, nodes: list) -> bytes:
    """An ONNX file; inputs and outputs are name, type and shape."""
    values = [[helper.make_tensor_value_info(*v) for v in both] for both in (inputs, outputs)]
    made = helper.make_graph([helper.make_node(*node) for node in nodes], "g", *values)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(made, opset_imports=opset, ir_version=8).SerializeToString()


REAL, WHOLE = TensorProto.FLOAT, TensorProto.INT64
POOL = ("GlobalAveragePool", ["x"], ["p"])
GOOD_IN, IMAGE = ("x", REAL, [1, 3, 32, 32]), [1, 3, 32, 32]


def test_a_model_runs_as_in_python(core, folder, runtime):
    for value in (-0.5, 0.0, 0.75):
        reply = core.good("model", folder=folder, runtime=runtime, value=value)
        model = load_model(folder / "model.onnx")
        images = np.full((1, 3, 32, 32), value, np.float32)
        expected = model.probabilities(model.run(images))[0]
        np.testing.assert_allclose(reply["probabilities"], expected, atol=1e-6)


def test_a_file_that_is_another_is_not_run(core, folder, runtime):
    content = bytearray((folder / "model.onnx").read_bytes())
    content[-40] ^= 1
    (folder / "model.onnx").write_bytes(content)
    for other in (bytes(content), bytes(content[:-1]), b""):
        (folder / "model.onnx").write_bytes(other)
        reply = core.ask("model", folder=folder, runtime=runtime, value=0)
        assert (reply["code"], reply["details"]) == ("model_changed", {"file": "model.onnx"})


NARROW = [1, 3, 32, 31]
SAME = ("Identity", ["x"], ["y"])
ODD = {
    "none": (b"no ONNX at all", ""),
    "size": (graph([("x", REAL, NARROW)], [("y", REAL, NARROW)], [SAME]), "1 x 3 x 32 x 31"),
    "type": (graph([("x", WHOLE, IMAGE)], [("y", WHOLE, IMAGE)], [SAME]), "1, int64"),
    "output": (graph([GOOD_IN], [("y", REAL, IMAGE)], [SAME]), "1 x 3 x 32 x 32"),
    "classes": (
        graph([GOOD_IN], [("y", REAL, [1, 3])], [POOL, ("Flatten", ["p"], ["y"])]),
        "1 x 3",
    ),
    "outputs": (
        graph(
            [GOOD_IN],
            [("y", REAL, [1, 3]), ("z", REAL, IMAGE)],
            [POOL, ("Flatten", ["p"], ["y"]), ("Relu", ["x"], ["z"])],
        ),
        "2, float32",
    ),
    "inputs": (
        graph([GOOD_IN, ("w", REAL, IMAGE)], [("y", REAL, IMAGE)], [("Add", ["x", "w"], ["y"])]),
        "2, float32",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_a_model_that_does_not_go_with_its_spec(core, folder, runtime, name):
    content, got = ODD[name]
    (folder / "model.onnx").write_bytes(content)
    colour_spec().with_files(FileSpec.of(folder / "model.onnx")).save(folder)
    reply = core.ask("model", folder=folder, runtime=runtime, value=0)
    assert reply["code"] == "model_bad"
    assert reply["details"].get("got", "") == got


def test_scores_that_are_no_numbers(core, folder, runtime):
    nodes = [POOL, ("Flatten", ["p"], ["f"]), ("Log", ["f"], ["y"])]
    content = graph([GOOD_IN], [("y", REAL, [1, 3])], nodes)
    (folder / "model.onnx").write_bytes(content)
    three = replace(colour_spec(), classes=("a", "b", "c"), labels=({}, {}, {}))
    three.with_files(FileSpec.of(folder / "model.onnx")).save(folder)
    reply = core.ask("model", folder=folder, runtime=runtime, value=-1)
    assert (reply["code"], reply["details"]["rule"]) == ("model_bad", "scores are finite numbers")
    assert core.good("model", folder=folder, runtime=runtime, value=1)


@pytest.mark.long
def test_damaged_models(core, folder, runtime):
    """300, each described by a spec of its own: a fault, or an answer; a good one runs after it."""
    path = folder / "model.onnx"
    content = path.read_bytes()
    rng, refused = random.Random(3), 0  # noqa: S311 - no secret
    for number in range(300):
        path.write_bytes(mutate(content, rng, content))
        colour_spec().with_files(FileSpec.of(path)).save(folder)
        reply = core.ask("model", folder=folder, runtime=runtime, value=0.5)
        assert reply["ok"] or reply["code"] in ("model_bad", "out_of_memory"), (number, reply)
        refused += not reply["ok"]
        if reply["ok"]:
            assert sum(reply["probabilities"]) == pytest.approx(1)
        if number % 20 == 0:
            path.write_bytes(content)
            colour_spec().with_files(FileSpec.of(path)).save(folder)
            core.good("model", folder=folder, runtime=runtime, value=0.5)
    assert refused > 150


def run_check(*arguments: object, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    node = shutil.which("node") or pytest.skip("there is no node")
    command = [node, str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, input=data, capture_output=True, timeout=120)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "usage: node check.js MODEL_FOLDER RUNTIME_FOLDER"),
        (("nowhere", "nothing"), "no such file or directory"),
    ],
)
def test_the_program_refuses_in_one_line(arguments, said):
    ended = run_check(*arguments)
    assert (ended.returncode, ended.stdout) == (2, b"")
    [line] = ended.stderr.decode().splitlines()
    assert said in line


def test_the_program_refuses_half_a_photo(folder, runtime):
    sizes = np.array([5, 4], "<u4").tobytes()
    ended = run_check(folder, runtime, data=sizes + bytes(60) + sizes + bytes(59))
    assert ended.returncode == 2
    assert len(ended.stdout) == 4 * 4  # what was whole is answered
    assert ended.stderr.decode().startswith("truncated")
