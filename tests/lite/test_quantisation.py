"""Quantised .ms files: what the converter is told and reads, and that it does as it is told."""

import platform
import resource
import sys
import time
from configparser import ConfigParser

import numpy as np
import onnx
import pytest
from lite_fakes import fetched_or_skip

from src_mindspore.lite.converter import ConversionError, convert_to_ms
from src_mindspore.lite.package import lite_home
from src_mindspore.lite.quantisation import (
    divergence,
    int8_config,
    spread_over_classes,
    weight8_config,
    write_calibration,
)
from src_mindspore.network.classifier import Deployed, build_classifier
from src_mindspore.network.device import seed_everything
from src_mindspore.network.onnx_file import export_onnx
from src_mindspore.system.errors import UserError

SIZE = 64


def tensors(count, seed=0, low=-1.0):
    rng = np.random.default_rng(seed)
    return [rng.uniform(low, 1, (SIZE, SIZE, 3)).astype(np.float32) for _ in range(count)]


def parsed(text):
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


def test_int8_text(tmp_path):
    folder = tmp_path / "照片 1#"
    assert parsed(int8_config(folder, 7, method="KL", bias_correction=False, skip=["1Conv"])) == {
        "common_quant_param": {
            "quant_type": "FULL_QUANT",
            "bit_num": "8",
            "skip_quant_node": "1Conv",
        },
        "data_preprocess_param": {
            "calibrate_path": f"image:{folder}",
            "calibrate_size": "7",
            "input_type": "BIN",
        },
        "full_quant_param": {
            "activation_quant_method": "KL",
            "bias_correction": "false",
            "per_channel": "true",
        },
    }
    assert "skip_quant_node" not in int8_config(folder, 7)


def test_weight8_text():
    told = parsed(weight8_config(0.004, skip=["1Conv", "152Gemm"]))
    assert told["mixed_bit_weight_quant_param"] == {"init_scale": "0.004", "auto_tune": "false"}
    common = told["common_quant_param"]
    assert (common["quant_type"], common["bit_num"]) == ("WEIGHT_QUANT", "0")
    assert common["skip_quant_node"] == "1Conv,152Gemm"
    # every depthwise layer stays float32, up to the widest network that is in use (1.4)
    assert int(common["min_quant_weight_size"]) > 9 * 960 * 1.4


def test_what_the_converter_would_misread(tmp_path):
    with pytest.raises(UserError, match=r"one of MAX_MIN, REMOVAL_OUTLIER, KL; got 'max'"):
        int8_config(tmp_path, 1, method="max")
    for name in ("a,b", "a:b", "a=b", "a'b", 'a"b', "a\nb", "a "):
        with pytest.raises(UserError, match="because the converter misreads them; got "):
            int8_config(tmp_path / name, 1)
    for count in (0, 65536):
        with pytest.raises(ValueError, match=f"got {count}"):
            int8_config(tmp_path, count)
    for error in (0, 1.0):
        with pytest.raises(ValueError, match="above 0 and below 1"):
            weight8_config(error)
    with pytest.raises(ValueError, match=r"got \['a,b'\]"):
        weight8_config(skip=["a,b", "c"])


def test_calibration_files(tmp_path):
    first, second = tensors(2)
    folder = tmp_path / "new" / "calibration"
    assert write_calibration(folder, iter([first, second])) == 2
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == ["00000.bin", "00001.bin"]
    for file, tensor in zip(files, (first, second), strict=True):
        assert file.read_bytes() == tensor.astype(">f4").byteswap().tobytes()
    with pytest.raises(UserError, match="to an empty folder"):
        write_calibration(folder, [first])


def test_calibration_refusals(tmp_path):
    (tensor,) = tensors(1)
    with pytest.raises(UserError, match="there is none"):
        write_calibration(tmp_path / "none", [])
    wrong = {
        "float64": tensor.astype(np.float64),
        r"\(63, 64, 3\)": tensor[1:],
        "not finite": np.where(tensor > 0.99, np.nan, tensor).astype(np.float32),
    }
    for index, (text, other) in enumerate(wrong.items()):
        with pytest.raises(ValueError, match=text):
            write_calibration(tmp_path / str(index), [tensor, other])
    with pytest.raises(ValueError, match="height x width x 3"):
        write_calibration(tmp_path / "nchw", [tensor.transpose(2, 0, 1)])


def test_photos_are_spread_over_the_classes():
    labels = [0] * 50 + [1] * 3 + [2] * 20
    chosen = spread_over_classes(labels, 15)
    assert len(set(chosen)) == 15
    found = np.bincount([labels[i] for i in chosen])
    assert found.tolist() == [6, 3, 6]
    assert sorted(labels[i] for i in chosen[:3]) == [0, 1, 2]
    assert chosen == spread_over_classes(labels, 15)
    assert chosen != spread_over_classes(labels, 15, seed=1)
    assert sorted(spread_over_classes(labels, 1000)) == list(range(73))
    assert spread_over_classes([], 5) == []


def test_divergence():
    expected = np.array([[0.5, 0.5], [1.0, 0.0]], np.float32)
    assert divergence(expected, expected) == 0
    got = np.array([[0.25, 0.75], [0.5, 0.5]], np.float32)
    by_hand = (0.5 * np.log(2) + 0.5 * np.log(2 / 3) + np.log(2)) / 2
    assert divergence(expected, got) == pytest.approx(by_hand, rel=1e-6)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A folder with a network of width 0.35 as ONNX, and as a float32 .ms file."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        pytest.skip("the converter of the registry is for x86-64 Linux")
    fetched_or_skip(lite_home)
    folder = tmp_path_factory.mktemp("small")
    seed_everything(0)
    network = Deployed(build_classifier({"width_mult": 0.35}, {}, 26, SIZE))
    network.set_train(False)
    export_onnx(network, folder / "small.onnx", (1, 3, SIZE, SIZE), ["logits"])
    convert_to_ms(folder / "small.ms", folder / "small.onnx")
    return folder


def converted(small, name, text):
    return convert_to_ms(small / name, small / "small.onnx", config_text=text).path.read_bytes()


def test_the_converter_makes_int8_of_these_tensors(small, tmp_path):
    float32 = (small / "small.ms").stat().st_size
    files = {}
    for low in (-1.0, 0.5):
        folder = tmp_path / f"a folder from {low}"
        assert write_calibration(folder, tensors(6, low=low)) == 6
        files[low] = converted(small, "int8.ms", int8_config(folder, 6))
        assert len(files[low]) < float32 / 2
    assert converted(small, "int8.ms", int8_config(folder, 6)) == files[0.5]
    # other photos, other ranges of the activations: the tensors were read
    assert files[-1.0] != files[0.5]
    text = int8_config(folder, 6, bias_correction=False)
    uncorrected = converted(small, "int8.ms", text)
    assert uncorrected != files[0.5]
    last = [n.name for n in onnx.load(small / "small.onnx").graph.node if n.op_type == "Gemm"]
    text = int8_config(folder, 6, bias_correction=False, skip=last)
    # the last layer's 26 x 1280 weights take four bytes instead of one
    assert len(converted(small, "int8.ms", text)) > len(uncorrected) + 2 * 26 * 1280
    with pytest.raises(ConversionError, match="file count less than calibrate size"):
        converted(small, "int8.ms", int8_config(folder, 7))


def test_the_converter_makes_weight8(small):
    float32 = (small / "small.ms").stat().st_size
    sizes = [len(converted(small, "weight8.ms", weight8_config(e))) for e in (0.02, 0.005)]
    assert sizes[0] < sizes[1] < 0.7 * float32


@pytest.mark.long
def test_the_converter_uses_as_many_cpus_as_it_has_threads(small, tmp_path, monkeypatch):
    """Without the limit ``export.py --quant int8 --threads 1`` took 1.22 processors as a whole."""
    write_calibration(tmp_path / "photos", tensors(60))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    converted(small, "int8.ms", int8_config(tmp_path / "photos", 60))
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert cpu / wall < 1.02
