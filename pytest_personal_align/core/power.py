"""What a run can see: the smallest effect it could have detected, and, before it, the effect or the size to plan for.

Effects are differences of failure rates (fractions). "Detectable" means: found by the gate with the given power.
None stands for "no difference, however large".
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import stdev

from pytest_personal_align.core.agreement import JudgeAccuracy
from pytest_personal_align.core.arguments import require_between, require_count, require_from, require_within
from pytest_personal_align.core.correction import observed_threshold
from pytest_personal_align.core.intervals import binomial_tail, normal_quantile, rate_of_tail
from pytest_personal_align.core.limit import Limit

_MOST_CASES = 2**20


def _fewest_discordant(alpha: float) -> int:
    # n cases that all got worse have a sign-flip mid-p of 2^-(n + 1): with fewer than this no test can reject.
    return max(1, math.ceil(-math.log2(alpha)) - 1)


def _fewest_worsened(alpha: float, minimum_effect: float, cases: int) -> int:
    # And with fewer than this no mean difference reaches the minimum effect (.07 of 100 is a hair more than 7).
    return max(_fewest_discordant(alpha), math.ceil(minimum_effect * cases - 1e-9))


def smallest_detectable_effect(
    differences: Sequence[float | Fraction], *, alpha: float = 0.05, power: float = 0.8, minimum_effect: float = 0.0
) -> float | None:
    """Smallest true mean difference that this paired run could have detected, from the spread of its own differences.

    ``differences`` are d_i per case, from -1 to 1. (z_alpha + z_power) sd(d)/sqrt(N), 2.49 sd/sqrt(N) by default;
    where a gate also asks for a mean difference of ``minimum_effect``, at least that plus z_power sd/sqrt(N). With
    next to no discordant case sd(d) says nothing; the answer is therefore never below the share of worsened cases
    that yields, with the given power, the fewest worsened cases the gate can fail on: those that a sign-flip test
    rejects on (4 at alpha = .05: about 5.5/N), and that make up the minimum effect.
    Give alpha divided by the number of gated modes for what Holm guarantees to each.

    Raises ValueError for a difference outside [-1, 1], no difference, alpha outside (0, .5), power outside [.5, 1),
    a minimum effect outside [0, 1].
    """
    if not differences:
        raise ValueError("differences must not be empty")
    for difference in differences:
        require_within("difference", difference, -1, 1)
    _require_test(alpha, power, minimum_effect)
    cases = len(differences)
    if cases < max(2, _fewest_discordant(alpha)):
        return None
    standard_error = stdev(float(difference) for difference in differences) / math.sqrt(cases)
    needed = max(normal_quantile(1 - alpha) * standard_error, minimum_effect)
    by_spread = needed + normal_quantile(power) * standard_error
    effect = max(by_spread, rate_of_tail(_fewest_worsened(alpha, minimum_effect, cases), cases, power))
    return effect if effect <= 1 else None


def _require_test(alpha: float, power: float, minimum_effect: float) -> None:
    require_between("alpha", alpha, 0, 0.5)
    require_from("power", power, 0.5, 1)
    require_within("minimum_effect", minimum_effect, 0, 1)


def _require_rise(name: str, value: float, start: float) -> None:
    if not 0 < value <= 1 - start + 1e-12:  # .1 on top of .9 is a hair more than 1 - .9
        raise ValueError(f"{name} must be above 0 and at most {1 - start:g}, not {value!r}")


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What a plan assumes of trials, assistant, judge and gate.

    ``trials`` a case (k); ``icc``: the correlation of two trials of one case (0: all cases alike, 1: each case
    always or never fails); one-sided ``alpha``; ``power``; ``minimum_effect``: the mean difference below which the
    baseline gate does not fail; the judge's ``accuracy``, None for one that never errs. Rates and differences given
    and returned beside it are true ones.
    Raises ValueError for values outside their range.
    """

    trials: int = 1
    icc: float = 0.5
    alpha: float = 0.05
    power: float = 0.8
    minimum_effect: float = 0.0
    accuracy: JudgeAccuracy | None = None

    def __post_init__(self) -> None:
        require_count("trials", self.trials, at_least=1)
        require_within("icc", self.icc, 0, 1)
        _require_test(self.alpha, self.power, self.minimum_effect)
        observed_threshold(0, sensitivity=self.sensitivity, specificity=self.specificity)  # checks the judge

    @property
    def sensitivity(self) -> float:
        return self.accuracy.sensitivity.rate if self.accuracy else 1.0

    @property
    def specificity(self) -> float:
        return self.accuracy.specificity.rate if self.accuracy else 1.0

    @property
    def informedness(self) -> float:
        """Share of a true difference that the judge lets through: J = Se + Sp - 1."""
        return self.sensitivity + self.specificity - 1


def _variance_of_difference(base_rate: float, difference: float, given: Assumptions) -> float:
    """Variance of one d_i if a share f = difference/(1 - base_rate) of the cases, drawn blindly, now always fails.

    Difficulty p_i has mean base_rate and variance icc base_rate(1 - base_rate); it is shared by both arms and
    cancels.
    """
    spread = given.icc * base_rate * (1 - base_rate)
    observed = observed_threshold(base_rate, sensitivity=given.sensitivity, specificity=given.specificity)
    within = observed * (1 - observed) - given.informedness**2 * spread
    worsened = min(1.0, difference / (1 - base_rate))
    within_worsened = given.sensitivity * (1 - given.sensitivity)
    shift = worsened * ((1 - base_rate) ** 2 + spread) - difference**2
    noise = (2 - worsened) * within + worsened * within_worsened
    return max(0.0, noise / given.trials + given.informedness**2 * shift)


def _is_detectable(base_rate: float, difference: float, cases: int, given: Assumptions) -> bool:
    standard_error = math.sqrt(_variance_of_difference(base_rate, difference, given) / cases)
    needed = max(normal_quantile(1 - given.alpha) * standard_error, given.minimum_effect)
    seen = given.informedness * difference
    return (
        seen >= needed + normal_quantile(given.power) * standard_error
        and binomial_tail(_fewest_worsened(given.alpha, given.minimum_effect, cases), cases, seen) >= given.power
    )


def detectable_difference(base_rate: float, cases: int, given: Assumptions) -> float | None:
    """Smallest rise over ``base_rate`` that the baseline gate detects with ``cases`` cases in both arms.

    Normal approximation of the paired test for a regression in which some cases break altogether and the rest stay
    as they are (a shift shared out over all cases varies less and is easier to see), with the floor of
    ``smallest_detectable_effect``.
    Found by bisection to 1e-12. None if not even a rise to 1 would do.
    Raises ValueError for a base rate outside [0, 1) or fewer than one case.
    Source: paired variance and power as in Miller 2024, arXiv 2411.00640, sections 4 and 5.
    """
    require_from("base_rate", base_rate, 0, 1)
    require_count("cases", cases, at_least=1)
    low, high = 0.0, 1 - base_rate
    if not _is_detectable(base_rate, high, cases, given):
        return None
    while high - low > 1e-12:
        middle = (low + high) / 2
        if _is_detectable(base_rate, middle, cases, given):
            high = middle
        else:
            low = middle
    return high


def cases_for_difference(base_rate: float, difference: float, given: Assumptions) -> int:
    """Fewest cases with which the baseline gate detects a rise of ``difference``; inverts ``detectable_difference``.

    Raises ValueError for a base rate outside [0, 1), a difference not above 0 or beyond 1 - base_rate, or one that
    the gate never fails on, because the judge lets through no more than ``minimum_effect`` of it, or that is so
    small that 2^20 cases do not suffice.
    """
    require_from("base_rate", base_rate, 0, 1)
    _require_rise("difference", difference, base_rate)
    if given.informedness * difference <= given.minimum_effect:
        raise ValueError(f"difference {difference:g} is never detected: the gate asks for {given.minimum_effect:g}")
    return _fewest_cases(lambda cases: _is_detectable(base_rate, difference, cases, given))


def detectable_excess(threshold: float, cases: int, given: Assumptions) -> float | None:
    """Smallest excess over ``threshold`` at which a threshold gate fails with the given power.

    The gate fails by :class:`Limit`, with n_eff = N k/(1 + (k - 1) icc) trials (rounded down); where the judge is
    calibrated, its uncertainty included. The answer is the rate at which the exact binomial tail of the failing
    counts reaches the power, minus the threshold.
    ``minimum_effect`` plays no part. None if not even a rate of 1 would do, or if cases are so few and alpha so lax
    that a rate at the threshold itself fails with that power, which tells nothing.
    Raises ValueError for a threshold outside [0, 1] or fewer than one case.
    Source: design effect of clustered trials, Kish 1965 (Survey Sampling, section 5.4).
    """
    require_within("threshold", threshold, 0, 1)
    require_count("cases", cases, at_least=1)
    size = math.floor(cases * given.trials / (1 + (given.trials - 1) * given.icc) + 1e-9)
    limit = Limit(threshold, given.accuracy)
    counts = range(size + 1)
    failing = bisect_left(counts, True, key=lambda at: limit.excess(at / size, size, confidence=1 - given.alpha) > 0)
    if failing > size:
        return None
    seen = rate_of_tail(failing, size, given.power)
    rate = (seen - 1 + given.specificity) / given.informedness
    return rate - threshold if threshold < rate <= 1 else None


def cases_for_excess(threshold: float, excess: float, given: Assumptions) -> int:
    """Cases with which a threshold gate detects a rate of threshold + excess: inverts ``detectable_excess``.

    Counts are whole, so the power saws as cases are added: the answer suffices, a few fewer may do by luck, a few
    more may just miss.
    Raises ValueError for a threshold outside [0, 1), an excess not above 0 or beyond 1 - threshold, or an excess
    for which 2^20 cases do not suffice.
    """
    require_from("threshold", threshold, 0, 1)
    _require_rise("excess", excess, threshold)

    def suffices(cases: int) -> bool:
        detectable = detectable_excess(threshold, cases, given)
        return detectable is not None and detectable <= excess

    return _fewest_cases(suffices)


def _fewest_cases(suffices: Callable[[int], bool]) -> int:
    enough = 1
    while not suffices(enough):
        enough *= 2
        if enough > _MOST_CASES:
            raise ValueError("a million cases do not suffice to detect a difference as small as this")
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if suffices(middle):
            enough = middle
        else:
            too_few = middle
    return enough
