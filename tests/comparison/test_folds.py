"""Folds: nothing that shows the same is on both sides, classes are even, each photo scored once."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from src_mindspore.comparison.folds import NEVER, draw_folds, groups_of, remarks
from src_mindspore.system.errors import UserError


def components(count: int, pairs) -> np.ndarray:
    """What pairs of places connect, by another implementation."""
    one, other = np.array(pairs, int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def random_set(seed: int):
    """Photos of uneven classes; copies and near pairs go across classes as well."""
    rng = np.random.default_rng(seed)
    n = 300
    labels = rng.choice(8, n, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.06, 0.03, 0.01])
    labels[:8] = range(8)
    digests = [f"{i:064x}" for i in rng.integers(0, 250, n)]
    near = [(digests[i], digests[j]) for i, j in rng.integers(0, n, (60, 2))]
    return labels, digests, near


@pytest.mark.parametrize("seed", range(12))
def test_no_copy_and_no_near_copy_is_on_both_sides_of_a_fold(seed: int) -> None:
    labels, digests, near = random_set(seed)
    groups = groups_of(digests, near)
    folds = draw_folds(labels, groups, 5, seed)
    place = {digest: i for i, digest in enumerate(digests)}
    same = [(i, place[digest]) for i, digest in enumerate(digests)]
    alike = components(len(digests), same + [(place[a], place[b]) for a, b in near])
    for fold in range(5):
        scored, trained = folds.scored(fold), folds.trained(fold)
        assert not set(alike[scored]) & set(alike[trained])
        assert sorted([*scored, *trained]) == list(range(len(labels)))
        assert set(labels[trained]) == set(labels)
    # both agree on what is alike, so that no more is held together than has to be
    assert len(set(zip(alike.tolist(), groups.tolist(), strict=True))) == len(set(groups.tolist()))


def test_pairs_connect_through_a_photo_that_is_left_out() -> None:
    assert groups_of(["a", "b", "c"], [("a", "gone"), ("gone", "c")]).tolist() == [0, 1, 0]


@pytest.mark.parametrize("count", [2, 5, 7])
def test_classes_and_folds_are_even_where_no_photos_are_alike(count: int) -> None:
    labels = np.repeat(np.arange(6), [3, 11, 20, 50, 80, 101])
    folds = draw_folds(labels, np.arange(len(labels)), count, 1)
    sizes = np.bincount(folds.of_photo, minlength=count)
    assert sizes.sum() == len(labels)
    assert np.ptp(sizes) <= 2
    for label in range(6):
        of_class = np.bincount(folds.of_photo[labels == label], minlength=count)
        assert np.ptp(of_class) <= 1


def test_a_class_of_three_photos_is_scored_in_three_of_five_folds() -> None:
    labels = np.array([0] * 20 + [1] * 3)
    folds = draw_folds(labels, np.arange(23), 5, 3)
    assert len(set(folds.of_photo[20:].tolist())) == 3
    assert (folds.of_photo != NEVER).all()
    assert remarks(labels, folds, ["many", "few"]) == [
        "classes with too few different photos for 5 folds, scored where they can be: "
        "few (3 folds, 3 of 3 photos)"
    ]


def test_a_class_of_one_group_is_always_trained_on() -> None:
    labels = np.array([0] * 12 + [1] * 4 + [2])
    groups = np.array([*range(12), 12, 12, 12, 12, 13])
    folds = draw_folds(labels, groups, 3, 1)
    assert (folds.of_photo[12:] == NEVER).all()
    assert (folds.of_photo[:12] != NEVER).all()
    never, count = remarks(labels, folds, ["many", "one group", "single"])
    assert never.endswith("all alike or one alone: one group, single")
    assert count.startswith("5 of 17 photos are never scored")


def test_a_group_across_classes_that_would_empty_one_is_never_scored() -> None:
    # two groups hold all of class 1, and each of them photos of class 0
    labels = np.array([0, 1, 0, 1, 0, 0, 0, 0])
    groups = np.array([0, 0, 1, 1, 2, 3, 4, 5])
    folds = draw_folds(labels, groups, 2, 1)
    assert folds.of_photo[0] == folds.of_photo[1]
    assert folds.of_photo[2] == folds.of_photo[3]
    assert folds.of_photo[0] != folds.of_photo[2]  # never both: class 1 would be gone


def test_the_seed_alone_decides() -> None:
    labels, digests, near = random_set(1)
    groups = groups_of(digests, near)
    one, again, other = (draw_folds(labels, groups, 5, seed).of_photo for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_more_folds_than_groups_are_refused() -> None:
    labels = np.array([0, 0, 1, 1])
    with pytest.raises(UserError, match=r"5 folds need photos in each.*fewer folds are accepted"):
        draw_folds(labels, np.arange(4), 5, 1)
    alone = r"of which no folds could be made; a class can be scored that has two photos or more"
    with pytest.raises(UserError, match=alone):
        draw_folds(np.array([0, 1]), np.arange(2), 2, 1)
