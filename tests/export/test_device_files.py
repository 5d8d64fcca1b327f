"""What export.py does besides running converters; the rest is in test_commands.py."""

import json

import pytest

from src_mindspore.export.android import ANDROID_ASSETS, copy_to_app
from src_mindspore.system.errors import UserError


def test_the_app_gets_the_model_and_its_description(tmp_path):
    out, assets = tmp_path / "export", tmp_path / "app/assets"
    out.mkdir()
    with pytest.raises(UserError, match=r"or the only \.ms of .*/export; got none"):
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


def test_a_quantised_model_may_be_the_apps(tmp_path):
    out, assets = tmp_path / "export", tmp_path / "app/assets"
    out.mkdir()
    assets.parent.mkdir()
    (out / "spec.json").write_text("{}")
    (out / "model_int8.ms").write_bytes(b"int8")
    copy_to_app(out, assets)
    assert (assets / "model.ms").read_bytes() == b"int8"
    (out / "model_fp16.ms").write_bytes(b"fp16")
    with pytest.raises(UserError, match=r"got model_fp16\.ms, model_int8\.ms$"):
        copy_to_app(out, assets)
    (out / "model.ms").write_bytes(b"float32")
    copy_to_app(out, assets)
    assert (assets / "model.ms").read_bytes() == b"float32"


def test_the_app_is_where_it_is_copied_to():
    assert ANDROID_ASSETS.parent.is_dir()
