"""Paired statistics against SciPy, enumeration and simulation."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from src_mindspore.comparison.statistics import (
    LEVEL,
    POWER,
    difference,
    holm,
    mcnemar,
    photos_needed,
    sign_flip,
    verdict,
)


def test_mcnemar_is_the_binomial_test_of_scipy() -> None:
    for one, other in itertools.product(range(0, 40, 3), repeat=2):
        expected = binomtest(one, one + other).pvalue if one + other else 1.0
        assert mcnemar(one, other) == pytest.approx(expected, rel=1e-9), (one, other)
    assert mcnemar(900, 1000) == pytest.approx(binomtest(900, 1900).pvalue, rel=1e-9)
    assert 0 < mcnemar(0, 5000) < 1e-300


def test_mcnemar_of_a_known_table() -> None:
    # 1 of 9 heads: 2 * (1 + 9) / 512
    assert mcnemar(1, 8) == 20 / 512
    assert mcnemar(4, 4) == 1


def test_sign_flips_of_ones_are_mcnemar() -> None:
    for only_a, only_b in ((0, 0), (3, 3), (0, 7), (12, 30), (200, 250), (0, 900)):
        flips = sign_flip(np.array([-1] * only_a + [1] * only_b + [0] * 5))
        assert flips == pytest.approx(mcnemar(only_a, only_b), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("seed", range(6))
def test_sign_flips_equal_the_enumeration_of_all(seed: int) -> None:
    values = np.random.default_rng(seed).integers(-4, 5, 11)
    signs = np.array(list(itertools.product((-1, 1), repeat=11)))
    expected = (np.abs(signs @ values) >= abs(values.sum())).mean()
    assert sign_flip(values) == pytest.approx(expected, rel=1e-12)


def test_beyond_what_is_enumerated_it_is_normal_and_joins_on() -> None:
    ones = np.array([-1] * 9_900 + [1] * 10_100)
    exact = sign_flip(ones)
    assert sign_flip(np.append(ones, [1, -1])) == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize(("discordance", "gap"), [(0.06, 0.02), (0.2, 0.05), (0.4, 0.1)])
def test_as_many_photos_as_are_needed_give_the_power(discordance: float, gap: float) -> None:
    """Every number of discordant photos, and every split of them."""
    photos = math.ceil(photos_needed(discordance, gap))
    ahead = (discordance + gap) / 2 / discordance  # of the discordant
    power = 0.0
    for m, chance in enumerate(binom.pmf(np.arange(photos + 1), photos, discordance)):
        if chance > 1e-9 and m:
            split = np.arange(m + 1)
            rejected = np.abs(2 * split - m) / math.sqrt(m) >= 1.959964
            power += chance * binom.pmf(split[rejected], m, ahead).sum()
    assert power == pytest.approx(POWER, abs=0.02)
    assert photos_needed(discordance, -gap) == photos_needed(discordance, gap)
    assert photos_needed(discordance, 0) == math.inf


def test_the_difference_of_single_photos() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.random((2, 1, 400)) < [[[0.2]], [[0.15]]]
    found = difference(a, b, np.arange(400))
    each = b[0].astype(int) - a[0].astype(int)
    assert found.errors == each.sum()
    assert found.error == pytest.approx(each.std(ddof=1) * math.sqrt(400))
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    assert found.discordant == ((only_a, only_b),)
    assert found.p == pytest.approx(found.mcnemar[0])
    assert found.mcnemar[0] == pytest.approx(binomtest(only_a, only_a + only_b).pvalue)
    share = (only_b - only_a) / 400
    assert found.needed == pytest.approx(photos_needed((only_a + only_b) / 400, share), rel=0.01)


def test_copies_of_every_photo_say_no_more_than_one_of_each() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.random((2, 3, 200)) < 0.2
    once = difference(a, b, np.arange(200))
    thrice = difference(np.tile(a, 3), np.tile(b, 3), np.tile(np.arange(200), 3))
    assert thrice.groups == once.groups == 200
    assert thrice.errors == pytest.approx(3 * once.errors)
    assert thrice.error == pytest.approx(3 * once.error)
    assert thrice.p == pytest.approx(once.p)


def test_the_standard_error_is_the_spread_of_drawn_sets() -> None:
    """Groups of uneven size, three seeds: drawn again and again from the groups themselves."""
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(150), rng.integers(1, 5, 150))
    hard = rng.random(150)[groups] < 0.3
    a, b = (hard & (rng.random((2, 3, len(groups))) < [[[0.9]], [[0.7]]])).astype(bool)
    found = difference(a, b, groups)
    each = (b.astype(int) - a.astype(int)).mean(0)
    sums, sizes = np.bincount(groups, each), np.bincount(groups)
    shares = []
    for _ in range(4000):
        drawn = rng.integers(150, size=150)
        shares.append(sums[drawn].sum() / sizes[drawn].sum())
    assert found.error / len(groups) == pytest.approx(np.std(shares), rel=0.1)


def test_seeds_that_agree_count_as_one() -> None:
    rng = np.random.default_rng(6)
    a, b = rng.random((2, 1, 300)) < 0.1
    one, three = (
        difference(np.tile(a, (n, 1)), np.tile(b, (n, 1)), np.arange(300)) for n in (1, 3)
    )
    assert (three.errors, three.error) == pytest.approx((one.errors, one.error))
    assert three.p == pytest.approx(one.p)
    assert three.mcnemar == one.mcnemar * 3


def test_equally_good_recipes_are_told_apart_as_rarely_as_is_promised() -> None:
    rng = np.random.default_rng(7)
    told = 0
    for _ in range(400):
        a, b = rng.random((2, 2, 150)) < 0.15
        told += difference(a, b, np.arange(150) // 2).told
    assert told / 400 < LEVEL + 3 * math.sqrt(LEVEL * (1 - LEVEL) / 400)


def test_holm_of_known_values() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def fixed(only_a: int, only_b: int, n: int = 2000):
    a, b = np.zeros((2, 1, n), bool)
    a[0, :only_a] = True
    b[0, only_a : only_a + only_b] = True
    return difference(a, b, np.arange(n))


def test_the_verdict_in_words() -> None:
    better = fixed(40, 15)
    assert verdict("A", "B", better) == (
        "B is better than A (p = 0.001): 25 fewer errors of 2,000, standard error 7.4"
    )
    assert verdict("A", "B", fixed(15, 40)).startswith("A is better than B (p = 0.001): 25 fewer")
    assert "by chance (p = 0.06 after Holm)" in verdict("A", "B", better, 0.06)
    assert "Holm" not in verdict("A", "B", better, 0.01)
    needed = (1.959964 * math.sqrt(0.02) + 0.841621 * math.sqrt(0.02 - 0.003**2)) ** 2 / 0.003**2
    assert 17_000 < needed < 18_000
    assert verdict("A", "B", fixed(23, 17)) == (
        "the difference of B to A cannot be told on these photos (6 fewer errors of 2,000, "
        "standard error 6.3, p = 0.43); if it is as large as it looks, about 16,000 more would "
        "be needed"
    )
    assert "(1 more error of 2,000, standard error 1, p = 1)" in verdict("A", "B", fixed(0, 1))
    assert verdict("A", "B", fixed(9, 9)) == (
        "the difference of B to A cannot be told on these photos: both make equally many errors"
    )
    assert verdict("A", "B", fixed(0, 0)) == (
        "B and A are right and wrong on the same 2,000 photos"
    )


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(seeds, n\)"):
        difference(np.zeros((1, 3), bool), np.zeros((2, 3), bool), np.arange(3))
    with pytest.raises(ValueError, match="at least one photo"):
        difference(np.zeros((1, 0), bool), np.zeros((1, 0), bool), np.arange(0))
