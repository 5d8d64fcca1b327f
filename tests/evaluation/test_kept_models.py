"""Models that evaluations keep: the least recently used make room."""

from cache_files import kept_model

from src_mindspore.evaluation import kept_models
from src_mindspore.evaluation.kept_models import make_room, model_entries


def test_what_was_not_used_for_the_longest_goes(tmp_path, monkeypatch):
    new = kept_model(tmp_path, 1, days=9)
    old = kept_model(tmp_path, 2, days=5)
    young = kept_model(tmp_path, 3, days=1)
    mine = tmp_path / "model.onnx"
    mine.write_bytes(b"mine" * 1000)
    damaged = kept_model(tmp_path, 4, days=99)
    damaged.write_bytes(b"not what the note speaks of")
    make_room(tmp_path, keep=new)
    assert len(list(model_entries(tmp_path))) == 3
    monkeypatch.setattr(kept_models, "LIMIT", 2500)
    make_room(tmp_path, keep=new)  # the one just written is the oldest here, and stays
    assert not old.exists()
    assert not old.with_suffix(".json").exists()
    assert new.exists()
    assert young.exists()
    assert mine.exists()
    assert damaged.exists()


def test_a_folder_that_is_not_there(tmp_path):
    assert list(model_entries(tmp_path / "none")) == []
