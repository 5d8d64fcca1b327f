"""What an epoch draws: every purpose has a stream of its own, from (seed, stage, epoch).

An epoch is alike whether or not the ones before it ran in the same process.
"""

import numpy as np

ORDER, VIEW, AUGMENTATION, DROPOUT, TEACHERS = range(5)  # what a generator is for
Seed = tuple[int, ...]  # of a stage: the run's seed and the stage's number


def epoch_order(seed: Seed, epoch: int, photos: int) -> np.ndarray:
    """The order of the photos in an epoch: (photos,) int64."""
    return np.random.default_rng([*seed, epoch, ORDER]).permutation(photos)


def epoch_views(seed: Seed, epoch: int, photos: int, views: int) -> np.ndarray:
    """Which of its cached views each photo shows in an epoch: (photos,) int64."""
    return np.random.default_rng([*seed, epoch, VIEW]).integers(views, size=photos)
