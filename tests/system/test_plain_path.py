"""Folders that MindSpore would refuse by their name."""

import subprocess
import tempfile

import mindspore
import numpy as np
import pytest
from mindspore import Tensor, nn

from src_mindspore.network.mindir_file import export_mindir, load_mindir
from src_mindspore.network.onnx_file import export_onnx
from src_mindspore.network.onnx_runtime import onnx_session
from src_mindspore.system import plain_path
from src_mindspore.system.errors import UserError
from src_mindspore.system.plain_path import is_plain, lasting_plain_folder, plain_folder

ODD = ["My Drive", "run (2)", "模型", "a+b,c=d~e", "co:lon", "new\nline", "q'uo\"te$#;", "\udce9"]


@pytest.mark.parametrize("name", ODD, ids=range(len(ODD)))
def test_an_odd_folder_has_a_plain_way_for_this_process_and_its_children(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    for way in (plain_folder(folder), plain_folder(folder)):
        with way as plain:
            assert is_plain(plain)
            (plain / "here").write_text("x")
            seen = subprocess.run(["ls", plain], capture_output=True, text=True, check=True)
            assert seen.stdout == "here\n"
        assert not plain.exists()
    lasting = lasting_plain_folder(folder)
    assert is_plain(lasting)
    assert lasting == lasting_plain_folder(folder)
    assert [p.name for p in lasting.iterdir()] == ["here"]


def test_a_plain_folder_keeps_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-b_c.d@e").mkdir()
    with plain_folder(tmp_path.relative_to(tmp_path) / "a-b_c.d@e") as way:
        assert way == lasting_plain_folder(way) == tmp_path / "a-b_c.d@e"


def test_without_proc_the_rule_is_said(tmp_path, monkeypatch):
    (tmp_path / "a b").mkdir()
    monkeypatch.setattr(plain_path.Path, "is_dir", lambda _: False)
    with pytest.raises(UserError, match=r"a b: MindSpore takes .* no /proc"):
        plain_folder(tmp_path / "a b").__enter__()


@pytest.mark.parametrize("name", ["模型 (2), a=b", "caf\udce9"])
def test_models_are_written_and_read_in_an_odd_folder(tmp_path, name, monkeypatch):
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    mindspore.set_seed(1)
    image = np.ones((1, 4), np.float32)
    network = nn.Dense(4, 3).set_train(False)
    expected = network(Tensor(image)).asnumpy()
    export_mindir(network, folder / "model.mindir", image.shape)
    loaded = load_mindir(folder / "model.mindir")
    np.testing.assert_allclose(loaded(Tensor(image)).asnumpy(), expected, atol=1e-6)
    export_onnx(network, folder / "model.onnx", image.shape, ["logits"])
    got = onnx_session(folder / "model.onnx", threads=1).run(None, {"image": image})[0]
    np.testing.assert_allclose(got, expected, atol=1e-6)
    assert sorted(p.name for p in folder.iterdir()) == ["model.mindir", "model.onnx"]
