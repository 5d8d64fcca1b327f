"""Two recipes on the same photos: how far they differ, whether that can be told, and what would.

What counts is the photos on which one is right and the other is not. Photos that are alike, of one
group (see ``folds.py``), are no independent witnesses: standard error and test go by groups.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

LEVEL = 0.05  # p below it: the difference can be told
POWER = 0.8  # of a test on as many photos as ``photos_needed`` says
# Of the sum of all differences, up to which the distribution is computed and not approximated: at
# this size the two agree to three digits, and it takes a tenth of a second.
EXACT = 20_000


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p-value of McNemar's test.

    Where A and B were equally good, each photo that only one of them gets wrong would be A's or
    B's like heads or tails: the probability of a split at least as uneven as that found.
    Q. McNemar, Psychometrika 12 (1947) 153-157; the binomial in place of his chi-square is exact.

    Args:
        only_a: photos that only A gets wrong, 0 or more.
        only_b: likewise.

    Returns:
        Above 0, up to 1.
    """
    n, k = only_a + only_b, min(only_a, only_b)
    term, tail = 1, 1  # of Pascal's triangle
    for i in range(k):
        term = term * (n - i) // (i + 1)
        tail += term
    return min(1.0, 2 * tail / 2**n) if n < 1000 else _ratio(2 * tail, n)


def _ratio(count: int, n: int) -> float:
    """``count`` / 2 ** n of whole numbers beyond all floats, at least the smallest float."""
    shift = max(0, count.bit_length() - 64)
    return min(1.0, max(math.ldexp(count >> shift, shift - n), 5e-324))


def sign_flip(differences: np.ndarray) -> float:
    """Exact two-sided p-value of a paired randomisation test.

    Where A and B were equally good, the difference within each group would be as likely to go the
    other way: the share of all 2^n choices of signs whose sum is at least as far from 0 as that
    found. R. A. Fisher, "The design of experiments" (1935), section 21; with differences of -1, 0
    and 1 it is McNemar's exact test. The distribution is built up value by value, after
    M. Pagano and D. Tritchler, J. Am. Stat. Assoc. 78 (1983) 435-440; where the differences sum up
    to more than ``EXACT``, it is taken as normal.

    Args:
        differences: (groups,) whole numbers, errors of B less those of A.

    Returns:
        0 to 1; 1 where there is no difference.
    """
    sizes = Counter(np.abs(differences[differences != 0]).tolist())
    observed, reach = abs(int(differences.sum())), sum(s * m for s, m in sizes.items())
    if not observed:
        return 1.0
    if reach > EXACT:
        spread = math.sqrt(float((differences.astype(float) ** 2).sum()))
        return math.erfc(observed / spread / math.sqrt(2))
    chances = np.ones(1)  # of the sum of those so far: -total, ..., total
    for size, times in sorted(sizes.items()):
        step = np.zeros(2 * size * times + 1)
        step[:: 2 * size] = _coins(times)
        chances = np.convolve(chances, step)
    return min(1.0, 2 * float(chances[reach + observed :].sum()))


def _coins(times: int) -> np.ndarray:
    """Probabilities of 0 to ``times`` heads: (times + 1,)."""
    logs = [
        math.lgamma(times + 1) - math.lgamma(k + 1) - math.lgamma(times - k + 1)
        for k in range(times + 1)
    ]
    chances = np.exp(np.array(logs) - times * math.log(2))
    return chances / chances.sum()


def photos_needed(discordance: float, difference: float) -> float:
    """Photos with which the difference would be told with probability ``POWER``.

    R. J. Connor, "Sample size for testing differences in proportions for the paired-sample design",
    Biometrics 43 (1987) 207-211, for a two-sided test at ``LEVEL``.

    Args:
        discordance: share of photos that only one of the two gets wrong, above 0 to 1.
        difference: of the two shares of errors, -discordance to discordance.

    Returns:
        Their number; infinite where there is no difference.
    """
    if not difference:
        return math.inf
    level, power = (NormalDist().inv_cdf(p) for p in (1 - LEVEL / 2, POWER))
    spread = math.sqrt(max(discordance - difference**2, 0.0))
    return (level * math.sqrt(discordance) + power * spread) ** 2 / difference**2


def holm(values: Sequence[float]) -> list[float]:
    """p-values that hold although the best of several is looked at.

    S. Holm, Scandinavian Journal of Statistics 6 (1979) 65-70.

    Args:
        values: p-values of all that was compared.

    Returns:
        As many, none below the one given, in the same order.
    """
    order = sorted(range(len(values)), key=values.__getitem__)
    adjusted, least = [0.0] * len(values), 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, values[place] * (len(values) - rank)))
        adjusted[place] = least
    return adjusted


@dataclass(frozen=True)
class Difference:
    """Recipe B against recipe A on the same photos.

    Attributes:
        photos: how many there are.
        groups: of photos that are alike.
        seeds: runs of each recipe.
        errors: of B less those of A, mean over the seeds: below 0, B is better.
        error: standard error of ``errors``, over groups of photos.
        p: of ``sign_flip``, over groups, of the errors of all seeds together.
        discordant: by seed, photos that only A and that only B gets wrong.
        mcnemar: by seed, the p-value of these, photo by photo.
        needed: of ``photos_needed``; infinite where there is no difference.
    """

    photos: int
    groups: int
    seeds: int
    errors: float
    error: float
    p: float
    discordant: tuple[tuple[int, int], ...]
    mcnemar: tuple[float, ...]
    needed: float

    @property
    def told(self) -> bool:
        """Whether the difference can be told."""
        return self.p < LEVEL


def difference(wrong_a: np.ndarray, wrong_b: np.ndarray, groups: np.ndarray) -> Difference:
    """Compares two recipes.

    With several seeds each photo counts with its mean over them. The standard error is that of a
    total over clusters (K.-Y. Liang and S. L. Zeger, Biometrika 73 (1986) 13-22, with the factor
    G / (G - 1)); where every photo is its own group it is that of the paired differences. It and
    the p-value are about these photos as a sample of all photos, for models trained like these;
    how far seeds differ is said beside it.

    Args:
        wrong_a: (seeds, n) bool, whether A gets the photo wrong.
        wrong_b: likewise, of the same photos.
        groups: (n,) int, which photos are alike.

    Raises:
        ValueError: shapes that do not fit, no photos or no seeds.
    """
    if wrong_a.shape != wrong_b.shape or wrong_a.ndim != 2 or wrong_a.shape[1:] != groups.shape:
        raise ValueError(
            f"both must be (seeds, n) and groups (n,); got {wrong_a.shape}, {wrong_b.shape}, "
            f"{groups.shape}"
        )
    seeds, photos = wrong_a.shape
    if not wrong_a.size:
        raise ValueError(f"at least one photo and one seed are needed; got {wrong_a.shape}")
    each = wrong_b.sum(0, dtype=np.int64) - wrong_a.sum(0, dtype=np.int64)  # over all seeds
    _, of_photo, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    of_group = np.rint(np.bincount(of_photo, each)).astype(np.int64)
    error = _standard_error(of_group / seeds, sizes)
    mean = float(each.sum()) / seeds
    share = mean / photos
    discordant = tuple(
        (int((a & ~b).sum()), int((b & ~a).sum())) for a, b in zip(wrong_a, wrong_b, strict=True)
    )
    return Difference(
        photos=photos,
        groups=len(sizes),
        seeds=seeds,
        errors=mean,
        error=error,
        p=sign_flip(of_group),
        discordant=discordant,
        mcnemar=tuple(mcnemar(*pair) for pair in discordant),
        # the variance of a photo, as groups and seeds make it, is discordance - difference ** 2
        needed=photos_needed(error**2 / photos + share**2, share),
    )


def _standard_error(sums: np.ndarray, sizes: np.ndarray) -> float:
    """Of the sum of ``sums``, those of groups of ``sizes`` photos."""
    count = len(sums)
    if count < 2:
        return 0.0
    residuals = sums - sizes * (sums.sum() / sizes.sum())
    return math.sqrt(count / (count - 1) * float((residuals**2).sum()))


def verdict(name_a: str, name_b: str, found: Difference, adjusted: float | None = None) -> str:
    """A line of plain words.

    Args:
        name_a: of the recipe that others are compared with.
        name_b: of the other.
        found: of the two.
        adjusted: the p-value of ``holm``, where several were compared.
    """
    size = f"{abs(found.errors):.1f}".removesuffix(".0")
    errors = "error" if size == "1" else "errors"
    of_all = f"{errors} of {found.photos:,}, standard error {found.error:.2g}"
    if found.told:
        better, worse = (name_b, name_a) if found.errors < 0 else (name_a, name_b)
        line = f"{better} is better than {worse} ({shown_p(found.p)}): {size} fewer {of_all}"
        if adjusted is not None and adjusted >= LEVEL:
            line += (
                f"; several recipes were compared, and one of them may look so by chance "
                f"({shown_p(adjusted)} after Holm)"
            )
        return line
    if not any(map(any, found.discordant)):
        return f"{name_b} and {name_a} are right and wrong on the same {found.photos:,} photos"
    start = f"the difference of {name_b} to {name_a}"
    if not found.errors:
        return f"{start} cannot be told on these photos: both make equally many errors"
    which = "fewer" if found.errors < 0 else "more"
    photos = max(found.needed - found.photos, 1.0)
    return (
        f"{start} cannot be told on these photos ({size} {which} {of_all}, "
        f"{shown_p(found.p)}); if it is as large as it looks, about {_rounded(photos)} more would "
        f"be needed"
    )


def shown_p(value: float) -> str:
    """A p-value in words: ``p = 0.0042``."""
    return f"p = {value:.2g}" if value >= 1e-4 else "p < 0.0001"


def _rounded(number: float) -> str:
    """Two digits: more would be more than is known."""
    step = 10 ** max(0, math.floor(math.log10(number)) - 1)
    return f"{math.ceil(number / step) * step:,}"
