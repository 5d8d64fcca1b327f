"""What export.py does besides running converters; the rest is in test_commands.py."""

import json

import pytest

from src_mindspore.errors import UserError
from src_mindspore.exporting import ANDROID_ASSETS, copy_to_app, parity_table


def test_the_app_gets_the_model_and_its_description(tmp_path):
    out, assets = tmp_path / "export", tmp_path / "app/assets"
    out.mkdir()
    with pytest.raises(UserError, match=r"--android needs .*model\.ms"):
        copy_to_app(out, assets)
    (out / "model.ms").write_bytes(b"model")
    (out / "spec.json").write_text(json.dumps({"format": 1}))
    with pytest.raises(UserError, match="is missing"):
        copy_to_app(out, assets)
    assets.parent.mkdir()
    copy_to_app(out, assets)
    copy_to_app(out, assets)
    assert sorted(p.name for p in assets.iterdir()) == ["model.ms", "spec.json"]
    assert (assets / "model.ms").read_bytes() == b"model"


def test_the_app_is_where_it_is_copied_to():
    assert ANDROID_ASSETS.parent.is_dir()


def test_parity_table():
    rows = [
        {"name": "a.onnx", "bytes": 9_246_115, "checked": True, "max_difference": 4.5e-6,
         "other_labels": 0},
        {"name": "a.ms", "bytes": 8_987_624, "checked": False, "reason": "no runtime"},
    ]  # fmt: skip
    assert parity_table({"photos": 64, "files": rows}).splitlines()[1:] == [
        "a.onnx             9.25             4.5e-06  0 of 64",
        "a.ms               8.99         not checked  no runtime",
    ]
