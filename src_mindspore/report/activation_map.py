"""Where in a photo the evidence for a class lies: class activation maps.

B. Zhou et al., "Learning deep features for discriminative localization", CVPR 2016
(arXiv:1512.04150): where a Dense layer follows the mean over space, a logit is a sum over the
places of the last map. So it is where the head takes the maximum, or the map itself, and where the
vector is divided by its root mean square: every place has its share, and the shares and the bias
add up to the logit. A head with hidden layers has no such sum, and no map here.
"""

from collections.abc import Sequence

import numpy as np

from src_mindspore.head import SMALLEST_SQUARE


def pooled(maps: np.ndarray, reduction: str) -> np.ndarray:
    """What a head's first Dense takes of last maps, before any normalisation.

    Args:
        maps: ``(n, C, H, W)``.
        reduction: ``mean`` or ``max`` over space, or ``none``: the flattened map.

    Returns:
        ``(n, C)`` or ``(n, C * H * W)``.
    """
    if reduction == "mean":
        return maps.mean((2, 3))
    return maps.max((2, 3)) if reduction == "max" else maps.reshape(len(maps), -1)


def evidence(
    maps: np.ndarray,
    weight: np.ndarray,
    classes: Sequence[int],
    reduction: str = "mean",
    normalisation: str = "none",
) -> np.ndarray:
    """The share that every place of a photo has in the logit of a class.

    The sum over the places is the logit without its bias; a negative share speaks against the
    class. For ``mean`` it is Zhou's map divided by the number of places.

    Args:
        maps: ``(n, C, H, W)``, outputs of the backbone.
        weight: ``(K, width)`` of the head's only Dense; ``width`` as ``pooled`` gives it.
        classes: ``(n,)``, of which class the evidence is wanted, 0 to K - 1.
        reduction: of the head.
        normalisation: of the head, ``none`` or ``rms``.

    Returns:
        ``(n, H, W)`` float64.

    Raises:
        ValueError: a weight that does not go with these maps.
    """
    maps = maps.astype(np.float64)
    count, channels, height, width = maps.shape
    places = height * width
    expected = channels * (places if reduction == "none" else 1)
    if weight.shape[1] != expected:
        raise ValueError(f"weights for {expected} values are needed; got {weight.shape[1]}")
    rows = weight[np.asarray(classes)].astype(np.float64)
    flat = maps.reshape(count, channels, places)
    if reduction == "mean":
        shares = np.einsum("nc,ncp->np", rows, flat) / places
    elif reduction == "none":
        shares = (rows.reshape(flat.shape) * flat).sum(1)
    else:  # a channel's whole share lies at its maximum
        shares = np.zeros((count, places))
        photos = np.arange(count)[:, None]
        np.add.at(shares, (photos, flat.argmax(2)), rows * flat.max(2))
    if normalisation == "rms":
        vector = pooled(maps, reduction)
        shares /= np.sqrt((vector**2).mean(1) + SMALLEST_SQUARE)[:, None]
    return shares.reshape(count, height, width)
