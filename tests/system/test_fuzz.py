"""Damaged configs, labels, specs, run folders and cache headers: read or refused in words."""

import pytest
from fuzzing import run_child

PEAK = 3000  # MB; MindSpore alone takes 500, each ResNet-50 that a spec describes 100


def damaged(folder, seed: int, count: int) -> dict:
    result = run_child("fuzz_texts.py", folder, seed, count)
    assert result["read"] + result["refused"] == count
    assert min(result["read"], result["refused"]) > count / 25
    assert result["megabytes"] < PEAK
    return result


def test_damaged_texts(tmp_path):
    damaged(tmp_path, 0, 250)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 6))
def test_many_damaged_texts(tmp_path, seed):
    print(damaged(tmp_path, seed, 1000))
