"""Class activation maps: the same as summed by hand, and adding up to what the network says."""

import numpy as np
import pytest
from helpers import mode
from mindspore import PYNATIVE_MODE, Tensor

from src_mindspore.head import ClassifierHead
from src_mindspore.report.activation_map import evidence, pooled

MAPS = np.maximum(np.random.default_rng(1).normal(size=(3, 5, 4, 4)), 0).astype(np.float32)
CLASSES = [2, 0, 6]


def by_hand(maps: np.ndarray, weight: np.ndarray, reduction: str, normalisation: str) -> np.ndarray:
    """Place by place and channel by channel, from the definition of the head."""
    found = np.zeros((len(maps), *maps.shape[2:]))
    for n, (photo, k) in enumerate(zip(maps.astype(np.float64), CLASSES, strict=True)):
        channels, height, width = photo.shape
        vector = []
        for c in range(channels):
            values = [photo[c, y, x] for y in range(height) for x in range(width)]
            if reduction == "mean":
                vector.append(sum(values) / len(values))
            elif reduction == "max":
                vector.append(max(values))
            else:
                vector += values
        length = 1.0
        if normalisation == "rms":
            length = (sum(v * v for v in vector) / len(vector) + 1e-6) ** 0.5
        for c in range(channels):
            highest = max(range(height * width), key=lambda i, c=c: photo[c].flat[i])
            for y in range(height):
                for x in range(width):
                    place = y * width + x
                    if reduction == "mean":
                        share = weight[k, c] * photo[c, y, x] / (height * width)
                    elif reduction == "max":
                        share = weight[k, c] * photo[c, y, x] * (place == highest)
                    else:
                        share = weight[k, c * height * width + place] * photo[c, y, x]
                    found[n, y, x] += share / length
    return found


@pytest.mark.parametrize("normalisation", ["none", "rms"])
@pytest.mark.parametrize("reduction", ["mean", "max", "none"])
def test_maps_are_those_by_hand_and_add_up_to_the_logit(reduction: str, normalisation: str) -> None:
    head = ClassifierHead(5, 4, 7, reduction=reduction, normalisation=normalisation)
    dense = head.head[0]
    rng = np.random.default_rng(2)
    dense.weight.set_data(Tensor(rng.normal(size=dense.weight.shape).astype(np.float32)))
    dense.bias.set_data(Tensor(rng.normal(size=7).astype(np.float32)))
    weight = dense.weight.asnumpy()
    got = evidence(MAPS, weight, CLASSES, reduction, normalisation)
    assert got.shape == (3, 4, 4)
    np.testing.assert_allclose(got, by_hand(MAPS, weight, reduction, normalisation), atol=1e-5)
    with mode(PYNATIVE_MODE):
        logits = head(Tensor(MAPS)).asnumpy()
        reduced = head.reduce(Tensor(MAPS)).asnumpy().reshape(3, -1)
    sums = got.sum((1, 2)) + dense.bias.asnumpy()[CLASSES]
    np.testing.assert_allclose(sums, logits[np.arange(3), CLASSES], atol=1e-5)
    np.testing.assert_allclose(pooled(MAPS, reduction), reduced, atol=1e-6)


def test_a_place_that_alone_is_active_has_all_the_evidence() -> None:
    maps = np.zeros((1, 2, 3, 3), np.float32)
    maps[0, 1, 2, 0] = 9
    weight = np.array([[1.0, -1.0], [0.5, 2.0]], np.float32)
    got = evidence(maps, weight, [1])[0]
    assert got[2, 0] == pytest.approx(2.0)  # 9 * 2 of nine places
    assert got.sum() == pytest.approx(2.0)
    assert evidence(maps, weight, [0])[0][2, 0] == pytest.approx(-1.0)


def test_a_weight_of_another_head_is_refused() -> None:
    with pytest.raises(ValueError, match="weights for 5 values are needed; got 6"):
        evidence(MAPS, np.zeros((7, 6)), CLASSES)
