"""Damaged checkpoints and pretrained weights: read or refused in words, nothing else happens."""

import pytest
from fuzzing import run_child

PEAK = 2000  # MB; MindSpore alone takes 500


def damaged(folder, seed: int, count: int) -> dict:
    result = run_child("fuzz_weights.py", folder, seed, count)
    assert result["read"] + result["refused"] == count
    assert min(result["read"], result["refused"]) > count / 25
    assert result["megabytes"] < PEAK
    return result


def test_damaged_weights(tmp_path):
    damaged(tmp_path, 0, 400)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 6))
def test_many_damaged_weights(tmp_path, seed):
    print(damaged(tmp_path, seed, 1000))
