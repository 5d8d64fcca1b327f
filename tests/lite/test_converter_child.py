"""The libraries of the registry: strings as C++ sees them, real conversions, real deaths."""

import ctypes
import platform
import sys

import numpy as np
import pytest
from lite_fakes import fetched_or_skip

from src_mindspore.lite import converter_child as lite_child
from src_mindspore.lite.converter import ConversionError, convert_to_ms
from src_mindspore.lite.package import lite_home


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    """No other converter named, on the path or as a module."""
    monkeypatch.delenv("POCKETLENS_CONVERTER", raising=False)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def test_a_string_as_cpp_sees_it():
    vector = lite_child.CharVector("/models/模型.onnx")
    size = vector.end - vector.begin
    assert ctypes.string_at(vector.begin, size).decode() == "/models/模型.onnx"
    assert vector.capacity == vector.end
    empty = lite_child.CharVector("")
    assert empty.begin == empty.end


def test_the_child_says_when_libraries_cannot_be_loaded(tmp_path, capsys):
    arguments = ["libraries", "--lib", str(tmp_path), "--fmk", "ONNX", "--model", "m", "--out", "o"]
    assert lite_child.main(arguments) == lite_child.LOAD_FAILED
    assert "libmindspore_glog.so.0" in capsys.readouterr().err


@pytest.fixture(scope="module")
def libraries():
    if sys.platform != "linux" or platform.machine() != "x86_64":
        pytest.skip("the libraries of the registry are for x86-64 Linux")
    return fetched_or_skip(lite_home)


def write_tiny_onnx(path, **convolution):
    """Convolution, clip, mean over the image, dense layer: 3 x 16 x 16 to 5 values."""
    onnx = pytest.importorskip("onnx", reason="onnx writes the model that is converted")
    rng = np.random.default_rng(3)
    node, array = onnx.helper.make_node, onnx.numpy_helper.from_array
    weights = [
        array(rng.normal(size=(64, 3, 3, 3)).astype("float32"), "kernel"),
        array(np.float32(0), "low"),
        array(np.float32(6), "high"),
        array(rng.normal(size=(64, 5)).astype("float32"), "dense"),
        array(rng.normal(size=5).astype("float32"), "bias"),
    ]
    nodes = [
        node("Conv", ["x", "kernel"], ["c"], kernel_shape=[3, 3], **convolution),
        node("Clip", ["c", "low", "high"], ["r"]),
        node("ReduceMean", ["r"], ["m"], axes=[2, 3], keepdims=0),
        node("Gemm", ["m", "dense", "bias"], ["y"]),
    ]
    ends = [
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)]
        for name, shape in (("x", [1, 3, 16, 16]), ("y", [1, 5]))
    ]
    graph = onnx.helper.make_graph(nodes, "tiny", *ends, weights)
    opset = [onnx.helper.make_opsetid("", 11)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=7), path)
    return path


@pytest.fixture(scope="module")
def tiny_onnx(tmp_path_factory):
    # The 2.0.0 converter wants these attributes written out, as MindSpore does.
    sizes = {"strides": [1, 1], "dilations": [1, 1], "pads": [1, 1, 1, 1], "group": 1}
    return write_tiny_onnx(tmp_path_factory.mktemp("tiny") / "tiny.onnx", **sizes)


def test_the_real_libraries_convert(tmp_path, libraries, tiny_onnx, monkeypatch):
    # A module that cannot be imported, as the 2.0.0 wheel itself on a Python above 3.7.
    (tmp_path / "mindspore_lite.py").write_text("raise ImportError('built for Python 3.7')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "model.mindir").write_bytes(b"not read by these libraries")
    got = convert_to_ms(tmp_path / "tiny.ms", tiny_onnx, tmp_path / "model.mindir")
    assert got.tool == "mindspore-lite 2.0.0 libraries"
    assert got.source == tiny_onnx
    # The identifier of the flatbuffer schema of MindSpore Lite 2.
    assert got.path.read_bytes()[4:8] == b"MSL2"
    half = convert_to_ms(tmp_path / "half.ms", tiny_onnx, fp16=True)
    assert half.path.stat().st_size < got.path.stat().st_size - 3000
    assert not list(tmp_path.glob(".convert*"))


def test_the_real_libraries_take_a_configuration(tmp_path, libraries, tiny_onnx):
    text = "[common_quant_param]\nquant_type=NO_SUCH_TYPE\nbit_num=8\n"
    with pytest.raises(ConversionError, match=r"exit status 1\n(?s:.*)the converter returned"):
        convert_to_ms(tmp_path / "tiny.ms", tiny_onnx, config_text=text)


def test_a_refusal_by_the_real_libraries_begins_with_its_reason(tmp_path, libraries):
    onnx = write_tiny_onnx(tmp_path / "no_strides.onnx")
    with pytest.raises(ConversionError) as caught:
        convert_to_ms(tmp_path / "out" / "tiny.ms", onnx)
    head, command, printed, reason, *_ = str(caught.value).splitlines()
    assert head.endswith(f"did not convert {onnx}: exit status 1")
    assert "lite.converter_child libraries" in command
    assert printed == "  it printed:"
    assert reason.endswith("PopulateConvParameter: kernel_size/stride/dilation is nullptr")
    assert len(str(caught.value).splitlines()) < 20
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"this is no ONNX file" * 40])
def test_the_real_libraries_may_die_of_a_bad_file(tmp_path, libraries, content):
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(content)
    with pytest.raises(ConversionError, match=r"bad\.onnx: (killed by SIG\w+|exit status 1)\n"):
        convert_to_ms(tmp_path / "out" / "bad.ms", bad)
    assert list((tmp_path / "out").iterdir()) == []
