"""Intervals and bounds for a rate: Wilson, Clopper-Pearson, and the bound of a run without a failure.

Rates are fractions from 0 to 1, never percentages. A confidence is a fraction too: .95, not 95.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

from pytest_personal_align.core.arguments import require_between, require_count, require_within

_STANDARD_NORMAL = NormalDist()
_HALVINGS = 60  # of [0, 1]: leaves less than 1e-18


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided interval, ends included, in the unit of what it estimates."""

    low: float
    high: float
    confidence: float


def normal_quantile(probability: float) -> float:
    """Value below which a standard normal variable falls with this probability.

    Raises ValueError unless 0 < probability < 1.
    """
    require_between("probability", probability, 0, 1)
    return _STANDARD_NORMAL.inv_cdf(probability)


def _wilson_lower(rate: float, n: float, z: float) -> float:
    # The bounds p solve (q - p)^2 = z^2 p(1 - p)/n. The smaller root is the product of both, q^2/(1 + z^2/n),
    # over the larger one: no difference of nearly equal numbers, and exactly 0 at q = 0.
    if rate == 0:
        return 0.0
    half_width = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return rate * rate / (rate + z * z / (2 * n) + half_width)


def wilson_interval(rate: float, n: float, *, confidence: float = 0.95) -> Interval:
    """Two-sided Wilson score interval of a rate.

    ``rate`` is the observed fraction; ``n`` the number of independent trials, or an effective sample size, which
    need not be whole.
    (q + z^2/2n -+ z sqrt(q(1 - q)/n + z^2/4n^2)) / (1 + z^2/n), z the normal quantile of (1 + confidence)/2.
    Raises ValueError for a rate outside [0, 1], n that is not a positive finite number, a confidence outside
    (0, 1).
    Source: Wilson 1927, JASA 22:209-212.
    """
    require_within("rate", rate, 0, 1)
    require_between("n", n, 0, math.inf)
    require_between("confidence", confidence, 0, 1)
    z = normal_quantile((1 + confidence) / 2)
    return Interval(_wilson_lower(rate, n, z), 1 - _wilson_lower(1 - rate, n, z), confidence)


def wilson_lower_bound(rate: float, n: float, *, confidence: float = 0.95) -> float:
    """One-sided lower Wilson bound: the true rate is above it with this confidence.

    It exceeds T exactly if the one-sided score test of "the rate is T" rejects at 1 - confidence.
    Arguments and source as ``wilson_interval``, but z is the normal quantile of ``confidence`` itself; it must be
    above .5.
    """
    require_within("rate", rate, 0, 1)
    require_between("n", n, 0, math.inf)
    require_between("confidence of a one-sided bound", confidence, 0.5, 1)
    return _wilson_lower(rate, n, normal_quantile(confidence))


def wilson_upper_bound(rate: float, n: float, *, confidence: float = 0.95) -> float:
    """One-sided upper Wilson bound: the true rate is below it with this confidence. See ``wilson_lower_bound``."""
    require_within("rate", rate, 0, 1)
    return 1 - wilson_lower_bound(1 - rate, n, confidence=confidence)


def binomial_tail(count: int, n: int, rate: float) -> float:
    """Probability of at least ``count`` events in ``n`` independent trials, each with probability ``rate``.

    Sums the shorter side outwards from ``count``, where the terms fall. Relative error about 1e-16 n log n.
    Raises ValueError for a count or n that is not a whole number or below 0, a rate outside [0, 1].
    """
    require_count("count", count)
    require_count("n", n)
    require_within("rate", rate, 0, 1)
    if count == 0:
        return 1.0
    if count > n:
        return 0.0
    if rate in (0, 1):
        return float(rate)
    if count > n * rate:
        return _falling_sum(count, n, rate)
    return 1 - _falling_sum(n - count + 1, n, 1 - rate)


def _falling_sum(count: int, n: int, rate: float) -> float:
    log_choose = math.lgamma(n + 1) - math.lgamma(count + 1) - math.lgamma(n - count + 1)
    term = math.exp(log_choose + count * math.log(rate) + (n - count) * math.log1p(-rate))
    odds = rate / (1 - rate)
    total = 0.0
    for events in range(count, n + 1):
        total += term
        term *= (n - events) / (events + 1) * odds
        if term < total * 1e-17:
            break
    return min(total, 1.0)


def rate_of_tail(count: int, n: int, probability: float) -> float:
    """The rate at which at least ``count`` events in ``n`` trials have this probability (it rises with the rate).

    By bisection; absolute error below 1e-12 for n up to 100,000.
    Raises ValueError unless 1 <= count <= n and 0 < probability < 1.
    """
    require_count("n", n, at_least=1)
    require_count("count", count, at_least=1)
    if count > n:
        raise ValueError(f"count must be at most n, not {count} of {n}")
    require_between("probability", probability, 0, 1)
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if binomial_tail(count, n, middle) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def clopper_pearson_interval(failed: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Two-sided exact (Clopper-Pearson) interval of a rate: ``failed`` of ``n`` independent trials.

    Coverage is never below ``confidence``; use it where trials are few and independent (n is whole here, not an
    effective size).
    Raises ValueError unless 0 <= failed <= n, n >= 1, 0 < confidence < 1.
    Source: Clopper and Pearson 1934, Biometrika 26:404-413.
    """
    require_count("n", n, at_least=1)
    require_count("failed", failed)
    if failed > n:
        raise ValueError(f"failed must be at most n, not {failed} of {n}")
    require_between("confidence", confidence, 0, 1)
    each_side = (1 - confidence) / 2
    low = rate_of_tail(failed, n, each_side) if failed else 0.0
    high = 1 - rate_of_tail(n - failed, n, each_side) if failed < n else 1.0
    return Interval(low, high, confidence)


def zero_failure_bound(n: float, *, confidence: float = 0.95) -> float:
    """The rate that a run of ``n`` trials without one failure rules out: 1 - alpha^(1/n), about 3/n at alpha = .05.

    The exact one-sided upper bound at zero failures. ``n`` may be an effective sample size.
    Raises ValueError for n that is not a positive finite number or a confidence outside (0, 1).
    """
    require_between("n", n, 0, math.inf)
    require_between("confidence", confidence, 0, 1)
    return -math.expm1(math.log1p(-confidence) / n)
