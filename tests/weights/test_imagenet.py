"""The pretrained ImageNet weights: where they come from, and their checkpoint."""

import hashlib

import h5py
import pytest
from keras_writer import save_keras
from lite_fakes import bare_pip, fetched_or_skip

from src_mindspore.system.errors import UserError
from src_mindspore.system.write import sha256_of
from src_mindspore.weights import imagenet
from src_mindspore.weights.pretrained import read_weights


@pytest.fixture
def cache(tmp_path, monkeypatch):
    bare_pip(monkeypatch, tmp_path / "cache")
    return tmp_path / "cache"


def test_missing_weights_message_names_their_variable(cache):
    with pytest.raises(UserError, match="export POCKETLENS_PRETRAINED=/path/to/face_mask_") as e:
        imagenet.pretrained_h5()
    assert "training starts from them" in str(e.value)


def test_the_weights_file_itself_may_be_given(cache, tmp_path, monkeypatch):
    local = tmp_path / "weights.h5"
    local.write_bytes(b"weights")
    monkeypatch.setenv("POCKETLENS_PRETRAINED", str(local))
    with pytest.raises(UserError, match=r"weights\.h5 is not the expected file for pretrained"):
        imagenet.pretrained_h5()
    monkeypatch.setattr(imagenet, "_H5_SHA256", hashlib.sha256(b"weights").hexdigest())
    assert imagenet.pretrained_h5() == local


def test_the_real_weights():
    with h5py.File(fetched_or_skip(imagenet.pretrained_h5)) as file:
        layers = {name.decode() for name in file["model_weights"].attrs["layer_names"]}
        kernel = file["model_weights/Conv1/Conv1/kernel:0"]
        assert kernel.shape == (3, 3, 3, 32)
    assert {"Conv1", "block_16_project_BN", "Conv_1_bn"} <= layers


def test_pretrained_checkpoint_is_converted_once(tmp_path, monkeypatch):
    h5 = save_keras(tmp_path / "w.h5")
    monkeypatch.setenv("POCKETLENS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(imagenet, "pretrained_h5", lambda: h5)
    path = imagenet.pretrained_checkpoint()
    assert path.parent == tmp_path / "cache" / "weights"
    assert path.name == f"mobilenetv2_1.0_224-{sha256_of(h5)[:12]}.ckpt"
    assert read_weights(path).padding == "same"
    written = path.stat().st_mtime_ns
    assert imagenet.pretrained_checkpoint() == path
    assert path.stat().st_mtime_ns == written
