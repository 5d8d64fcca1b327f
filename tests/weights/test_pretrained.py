"""Every accepted weights format to the same parameters; what does not fit is said."""

import logging
import math
from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
import toy_mobilenet
from keras_writer import save_keras
from safetensors.numpy import save_file
from torch_writer import save_legacy, save_zip, state_dict

from src_mindspore.backbone import MobileNetV2Backbone, NamedOutputs
from src_mindspore.system.errors import UserError
from src_mindspore.weights.array_files import read_arrays
from src_mindspore.weights.imagenet import pretrained_file
from src_mindspore.weights.pretrained import load_backbone, read_weights, save_weights

TORCH_NORM = ("weight", "bias", "running_mean", "running_var")
IMAGENET = ("symmetric", 1e-5, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
KERAS = ("same", 1e-3, (127.5,) * 3, (127.5,) * 3)
HEAD = np.ones((5, 1280), np.float32)
TOY = toy_mobilenet.zoo_arrays()


def torchvision_arrays() -> dict[str, np.ndarray]:
    arrays = {}
    for conv in toy_mobilenet.convs():
        arrays[f"{conv.torch[0]}.weight"] = TOY[f"{conv.zoo[0]}.weight"]
        for torch, zoo in zip(TORCH_NORM, toy_mobilenet.NORMS, strict=True):
            arrays[f"{conv.torch[1]}.{torch}"] = TOY[f"{conv.zoo[1]}.{zoo}"]
        arrays[f"{conv.torch[1]}.num_batches_tracked"] = np.array(9)
    return arrays | {"classifier.1.weight": HEAD, "classifier.1.bias": HEAD[:, 0]}


def save_ckpt(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    entries = [{"name": name, "data": ms.Tensor(array)} for name, array in arrays.items()]
    ms.save_checkpoint(entries, str(path))
    return path


def save_safetensors(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    save_file(arrays, str(path))
    return path


FILES = {
    "zoo ckpt": lambda d: save_ckpt(
        d / "w.ckpt",
        TOY
        | {"head.weight": HEAD, "moments.head.weight": HEAD, "global_step": np.ones(1, np.int32)},
    ),
    "zoo safetensors": lambda d: save_safetensors(d / "w.safetensors", TOY),
    "torchvision safetensors": lambda d: save_safetensors(
        d / "w.safetensors", torchvision_arrays()
    ),
    "torchvision zip": lambda d: save_zip(d / "w.pth", state_dict(torchvision_arrays())),
    "torchvision legacy": lambda d: save_legacy(d / "w.pt", state_dict(torchvision_arrays())),
    "keras": lambda d: save_keras(d / "w.h5"),
    "keras nested": lambda d: save_keras(d / "w.model", "model_weights/mobilenetv2_0.35_96"),
    "keras weights alone": lambda d: save_keras(d / "w.hdf5", "top", ""),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_format_gives_the_same_parameters(tmp_path, caplog, kind):
    with caplog.at_level(logging.INFO):
        read = read_weights(path := FILES[kind](tmp_path))
    assert set(read.parameters) == set(TOY)
    for name, array in TOY.items():
        assert read.parameters[name].dtype == np.float32
        np.testing.assert_array_equal(read.parameters[name], array, err_msg=name)
    convention = (read.padding, read.bn_eps, read.mean, read.std)
    assert convention == (KERAS if kind.startswith("keras") else IMAGENET)
    assert read.width_mult == 0.35
    assert read.source.startswith(f"{path.name} (")
    dropped = {
        "zoo ckpt": "3 (global_step, head.weight, moments.head.weight)",
        "keras": "1 (dense)",
    }
    if kind != "zoo safetensors":
        assert "left out: " + dropped.get(kind, "") in caplog.text


def test_the_convention_travels_in_the_file(tmp_path):
    keras = read_weights(save_keras(tmp_path / "w.h5"))
    save_weights(keras, tmp_path / "w.ckpt")
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".ckpt"] == ["w.ckpt"]
    again = read_weights(tmp_path / "w.ckpt")
    assert (again.padding, again.bn_eps, again.mean, again.std) == KERAS
    np.testing.assert_array_equal(
        read_arrays(tmp_path / "w.ckpt")["convention.padding_same"], np.ones(1, np.float32)
    )
    save_weights(read_weights(FILES["torchvision zip"](tmp_path)), tmp_path / "v.ckpt")
    again = read_weights(tmp_path / "v.ckpt")
    assert (again.padding, again.bn_eps, again.mean, again.std) == IMAGENET
    with pytest.raises(UserError, match=r"saved as a \.ckpt file, got suffix '\.pth'"):
        save_weights(keras, tmp_path / "w.pth")


def test_half_a_convention_is_refused(tmp_path):
    path = save_ckpt(tmp_path / "w.ckpt", TOY | {"convention.mean": np.ones(2, np.float32)})
    with pytest.raises(UserError, match=r"- convention\.padding_same \(1\)") as info:
        read_weights(path)
    assert " ! convention.mean file (2) model (3)" in str(info.value)


def test_golden_values_of_keras(shared_data):
    try:
        h5 = pretrained_file()
    except UserError as error:
        pytest.skip(f"the pretrained weights cannot be had here: {error}")
    golden = np.load(shared_data / "golden" / "keras_mobilenetv2.npz")
    weights = read_weights(h5)
    assert weights.width_mult == 1.0
    backbone = MobileNetV2Backbone(padding=weights.padding, bn_eps=weights.bn_eps)
    load_backbone(backbone, weights)
    layers = {
        "Conv1_relu": "features.0",
        "block_2_add": "features.3",
        "block_5_add": "features.6",
        "block_12_add": "features.13",
        "block_16_project_BN": "features.17",
        "out_relu": "features.18",
    }
    network = NamedOutputs(backbone, ["mean", *layers.values()]).set_train(False)
    x = np.random.default_rng(7).uniform(-1, 1, (4, 224, 224, 3)).astype(np.float32)
    mean, *maps = network(ms.Tensor(x.transpose(0, 3, 1, 2).copy()))
    np.testing.assert_allclose(mean.asnumpy(), golden["features"], atol=1e-4, rtol=0)
    for layer, value in zip(layers, maps, strict=True):
        means = value.asnumpy().mean((2, 3))
        np.testing.assert_allclose(means, golden[f"mean_{layer}"], atol=1e-4, rtol=0, err_msg=layer)


@pytest.mark.parametrize("kind", FILES)
def test_damaged_files_are_named(tmp_path, capfd, kind):
    path = FILES[kind](tmp_path)
    content = path.read_bytes()
    path.unlink()  # MindSpore writes it read-only
    for keep in (1, 9, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:keep])
        with pytest.raises(UserError, match=path.name):
            read_weights(path)
    path.write_bytes(b"<html>404 not found</html>")
    with pytest.raises(UserError, match=path.name):
        read_weights(path)
    path.write_bytes(b"")
    with pytest.raises(UserError, match=f"{path.name}: the file is empty"):
        read_weights(path)
    assert capfd.readouterr().err == ""


def test_what_is_no_weights_file(tmp_path):
    with pytest.raises(UserError, match=r"none\.pth: no such file"):
        read_weights(tmp_path / "none.pth")
    with pytest.raises(UserError, match="must be a file, but is a folder"):
        read_weights(tmp_path)
    (tmp_path / "w.onnx").write_bytes(b"\x08\x07onnx")
    with pytest.raises(
        UserError, match=r"no known format; accepted: MindSpore \.ckpt .*Keras HDF5"
    ):
        read_weights(tmp_path / "w.onnx")
    with pytest.raises(UserError, match=r"missing \(block_3_expand_BN/gamma"):
        read_weights(save_keras(tmp_path / "w.h5", skip="block_3_expand_BN"))


def test_wrong_names_and_shapes_are_listed(tmp_path):
    arrays = dict(TOY)
    del arrays["features.4.conv.0.features.0.weight"]
    arrays["features.19.weight"] = HEAD
    arrays["features.18.features.1.beta"] = HEAD[0, :7]
    with pytest.raises(UserError, match=r"nearest has width 0\.35") as info:
        read_weights(save_ckpt(tmp_path / "w.ckpt", arrays))
    assert info.value.args[0].splitlines()[2:5] == [
        " - features.4.conv.0.features.0.weight (48,8,1,1)",
        " + features.19.weight (5,1280)",
        " ! features.18.features.1.beta file (7) model (1280)",
    ]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused(tmp_path, bad):
    arrays = TOY | {"features.18.features.1.beta": np.full(1280, bad, np.float32)}
    with pytest.raises(UserError, match=r"features\.18\.features\.1\.beta holds NaN or infinity"):
        read_weights(save_safetensors(tmp_path / "w.safetensors", arrays))


def test_loading_into_another_network_is_refused(tmp_path):
    weights = read_weights(save_keras(tmp_path / "w.h5"))
    with pytest.raises(
        UserError, match=r"padding same and epsilon 0\.001; the network has symmetric"
    ):
        load_backbone(MobileNetV2Backbone(0.35, padding="symmetric"), weights)
    wider = MobileNetV2Backbone(0.5)
    before = wider.features[1].conv[2].gamma.asnumpy().copy()
    with pytest.raises(UserError, match=r"w\.h5 \(Keras HDF5\).*not the network's") as info:
        load_backbone(wider, weights)
    lines = str(info.value).splitlines()
    assert len(lines) == 2 + 12 + 1
    assert lines[2].startswith(" ! features.2.conv.2.weight file (8,48,1,1) model (16,")
    assert lines[-1].startswith(" ... and ")
    np.testing.assert_array_equal(wider.features[1].conv[2].gamma.asnumpy(), before)
