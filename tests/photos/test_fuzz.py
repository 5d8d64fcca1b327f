"""Damaged photos: every one is decoded or refused in words; nothing dies, hangs or grows."""

import pytest
from fuzzing import run_child

PEAK = 3000  # MB of a process that decodes images of up to 100 megapixels, one after the other


def damaged(folder, seed: int, count: int) -> dict:
    result = run_child("fuzz_images.py", folder, seed, count)
    assert result["read"] + result["refused"] == count
    assert min(result["read"], result["refused"]) > count / 10
    assert result["megabytes"] < PEAK
    return result


def test_damaged_photos(tmp_path):
    damaged(tmp_path, 0, 300)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 6))
def test_many_damaged_photos(tmp_path, seed):
    print(damaged(tmp_path, seed, 1000))
