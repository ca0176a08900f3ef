"""Two arms over the same cases: differences of case means, their sign-flip test, Holm's correction, contrasts.

A difference is second minus first (candidate minus baseline, leading minus plain): above 0 the second fails more
often.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from pytest_personal_align.core.arguments import require_between, require_within
from pytest_personal_align.core.intervals import Interval, normal_quantile
from pytest_personal_align.core.rates import CaseCount

EXACT_DISCORDANT = 60  # beyond it the normal approximation is off by less than .003, near .05 by less than .002
_EXACT_SUMS = 2**18  # distinct sums kept: far above 60 cases of 10 trials; bounds time and memory on odd input


def case_differences(first: Sequence[CaseCount], second: Sequence[CaseCount]) -> tuple[Fraction, ...]:
    """Exact differences of case means d_i, from -1 to 1: ``first[i]`` and ``second[i]`` are the same case in two arms.

    Raises ValueError if the lengths differ or there is no case.
    """
    if len(first) != len(second):
        raise ValueError(f"both arms must have the same cases, not {len(first)} and {len(second)}")
    if not first:
        raise ValueError("there must be at least one case that both arms have")
    return tuple(after.mean - before.mean for before, after in zip(first, second, strict=True))


def whole_differences(differences: Sequence[Fraction]) -> tuple[int, ...]:
    """The differences times their least common denominator, zeros and order kept: k d_i if all cases have k trials."""
    scale = math.lcm(*(difference.denominator for difference in differences))
    return tuple(int(difference * scale) for difference in differences)


@dataclass(frozen=True, slots=True)
class SignFlip:
    """Outcome of a sign-flip test.

    ``total`` is the sum S of the differences tested, ``discordant`` the number of them that are not 0.
    ``p_greater`` is the one-sided mid-p against "the second fails no more often", ``p_less`` the other way; they
    add up to 1.
    ``exact`` is False where the normal approximation was used.
    """

    total: int
    discordant: int
    p_greater: float
    p_less: float
    exact: bool

    @property
    def p_two_sided(self) -> float:
        """Twice the smaller of both one-sided mid-p; 1 where S = 0."""
        return min(1.0, 2 * min(self.p_greater, self.p_less))


def sign_flip_test(differences: Sequence[int]) -> SignFlip:
    """Mid-p test that the signs of paired differences are the toss of a fair coin.

    ``differences`` are whole numbers k d_i (``whole_differences``); zeros do not matter. With S the sum of randomly
    signed |k d_i| and s the sum observed, p_greater = P(S > s) + P(S = s)/2: exact, in integers, by dynamic
    programming over the sums; beyond 60 discordant cases (or 262,144 possible sums) the normal tail of s/sqrt(sum
    (k d_i)^2), which needs no continuity correction because mid-p has none. Differences of -1, 0 and 1 (one trial a
    case) give McNemar's mid-p. Without a discordant case p is .5.

    The null is that the two arms of a case are exchangeable; it needs the same number of trials in both.
    Raises ValueError for a difference that is not a whole number.
    Sources: Fisher 1935 (The Design of Experiments, section 21); mid-p: Lancaster 1961; Fagerland et al. 2013, BMC
    Med Res Methodol 13:91.
    """
    for difference in differences:
        if not isinstance(difference, int):
            raise ValueError(f"differences must be whole numbers (k times that of case means), not {difference!r}")
    total = sum(differences)
    unit = math.gcd(*differences) or 1
    sizes = [abs(difference) // unit for difference in differences if difference]
    discordant = len(sizes)
    if discordant > EXACT_DISCORDANT or min(2**discordant, sum(sizes) + 1) > _EXACT_SUMS:
        z = total / unit / math.sqrt(sum(size * size for size in sizes))
        return SignFlip(total, discordant, _normal_tail(z), _normal_tail(-z), exact=False)
    ways = _ways_of_sums(sizes)
    positive = (total // unit + sum(sizes)) // 2  # the part of sum(sizes) that has a plus
    above = sum(count for subset, count in ways.items() if subset > positive)
    equal = ways[positive]
    below = 2**discordant - above - equal
    every = 2 ** (discordant + 1)
    return SignFlip(total, discordant, (2 * above + equal) / every, (2 * below + equal) / every, exact=True)


def _ways_of_sums(sizes: Sequence[int]) -> dict[int, int]:
    """For each sum that a subset of the sizes can have, the number of subsets that have it."""
    ways = {0: 1}
    for size in sizes:
        grown = dict(ways)
        for subset, count in ways.items():
            grown[subset + size] = grown.get(subset + size, 0) + count
        ways = grown
    return ways


def _normal_tail(z: float) -> float:
    return math.erfc(z / math.sqrt(2)) / 2  # unlike 1 - cdf(z), exact far out


def holm_adjust(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down adjusted p-values, in the order given: reject those at or below alpha, family-wise error alpha.

    The i-th smallest of m is max over j <= i of min(1, (m - j + 1) p_(j)).
    Raises ValueError for a p-value outside [0, 1]. Source: Holm 1979, Scand J Stat 6:65-70.
    """
    for p_value in p_values:
        require_within("p-value", p_value, 0, 1)
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return tuple(adjusted)


@dataclass(frozen=True, slots=True)
class PairedContrast:
    """A difference of failure rates between two arms or scenarios over the same cases (or use cases).

    ``mean`` is the plain mean of d_i, ``interval`` its two-sided interval, ``p_value`` the two-sided sign-flip
    mid-p.
    """

    cases: int
    discordant: int
    mean: float
    interval: Interval
    p_value: float


def paired_contrast(
    first: Sequence[CaseCount], second: Sequence[CaseCount], *, confidence: float = 0.95
) -> PairedContrast:
    """Mean difference of case means, second minus first, with an interval and a two-sided p.

    The interval is adjusted Wald: two cases are added, one with d = 1 and one with d = -1, then mean -+ z sd/sqrt(N
    + 2), clipped to [-1, 1]. For one trial a case this is Bonett and Price 2012 (J Educ Behav Stat 37:479-488),
    which Fagerland et al. 2014 (Stat Med 33:2850-2875) recommend; the plain Wald interval would have no width where
    no case differs. For several trials the two added cases are of full size, which makes it somewhat wide
    (cautious) in small suites.

    Raises ValueError if the arms differ in length, there is no case, or the confidence is outside (0, 1).
    """
    require_between("confidence", confidence, 0, 1)
    differences = case_differences(first, second)
    flip = sign_flip_test(whole_differences(differences))
    total = sum(differences, Fraction(0))
    squares = sum((difference**2 for difference in differences), Fraction(2))
    size = len(differences) + 2
    centre = total / size
    half_width = normal_quantile((1 + confidence) / 2) * math.sqrt((squares / size - centre**2) / size)
    interval = Interval(max(-1.0, float(centre) - half_width), min(1.0, float(centre) + half_width), confidence)
    mean = float(total / len(differences))
    return PairedContrast(len(differences), flip.discordant, mean, interval, flip.p_two_sided)
