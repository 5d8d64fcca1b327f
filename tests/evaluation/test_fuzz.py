"""Damaged MINDIR and ONNX files that their description vouches for: run or refused in words."""

import pytest
from fuzzing import run_child

FORMS = pytest.mark.parametrize("form", ["mindir", "onnx"])


def damaged(folder, run_folder, form: str, seed: int, count: int) -> dict:
    model = run_folder / "export" / f"model.{form}"
    result = run_child("fuzz_models.py", folder, seed, count, model)
    assert result["refused"] > 0
    assert result["refused"] + result.get("read", 0) == count
    return result


@FORMS
def test_damaged_models(tmp_path, run_folder, form):
    damaged(tmp_path, run_folder, form, 0, 10)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 3))
@FORMS
def test_many_damaged_models(tmp_path, run_folder, form, seed):
    print(damaged(tmp_path, run_folder, form, seed, 500))
