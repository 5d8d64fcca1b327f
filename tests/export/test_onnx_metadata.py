"""The description inside of an ONNX file, and a disk that has no room for it."""

import errno
import json
from pathlib import Path

import onnx
import pytest
from helpers import input_spec
from onnx import TensorProto, helper

from src_mindspore.export.onnx_metadata import KEYS, describe_onnx
from src_mindspore.network.onnx_file import allow_any_batch
from src_mindspore.spec.model import ModelSpec

SPEC = ModelSpec(("a", "b"), ({"en": "A"}, {"zh": "乙"}), input_spec(32), "logits", {})


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """An ONNX file: its output is its input."""
    image, logits = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2])
        for name in ("image", "logits")
    )
    node = helper.make_node("Identity", ["image"], ["logits"])
    graph = helper.make_graph([node], "toy", [image], [logits])
    onnx.save(helper.make_model(graph), tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def test_the_graph_stays_and_the_spec_is_in_the_file(model: Path) -> None:
    before = onnx.load(model).graph
    describe_onnx(model, SPEC)
    after = onnx.load(model)
    assert after.graph == before
    told = {entry.key: json.loads(entry.value) for entry in after.metadata_props}
    assert set(told) == set(KEYS)
    assert json.loads(json.dumps(SPEC.input.to_dict())) in told.values()
    assert ["a", "b"] in told.values()


@pytest.mark.parametrize("step", [allow_any_batch, describe_onnx])
def test_a_full_disk_names_the_file(model: Path, monkeypatch: pytest.MonkeyPatch, step) -> None:
    def save(*_: object) -> None:
        with Path("/dev/full").open("wb", buffering=0) as stream:
            stream.write(b"x")

    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    monkeypatch.setattr(onnx, "save", save)
    with pytest.raises(OSError, match="No space left") as caught:
        step(model, model if step is allow_any_batch else SPEC)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(model))
