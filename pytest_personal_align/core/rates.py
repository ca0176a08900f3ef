"""Failure rates of a suite whose trials are clustered in cases; pass^k and pass@k.

The unit of evidence is the case, not the trial: five trials of one case are not five cases.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from pytest_personal_align.core.arguments import require_count, require_within
from pytest_personal_align.core.intervals import Interval, wilson_interval


@dataclass(frozen=True, slots=True)
class CaseCount:
    """How many of the judged trials of one case failed (errors are not judged and count in neither number).

    Raises ValueError unless trials >= 1 and 0 <= failed <= trials.
    """

    failed: int
    trials: int

    def __post_init__(self) -> None:
        require_count("trials", self.trials, at_least=1)
        require_count("failed", self.failed)
        if self.failed > self.trials:
            raise ValueError(f"failed must be at most trials, not {self.failed} of {self.trials}")

    @property
    def mean(self) -> Fraction:
        """The failed share of this case, exactly."""
        return Fraction(self.failed, self.trials)


@dataclass(frozen=True, slots=True)
class ClusteredRate:
    """A failure rate over cases: each case has the same weight, however many trials it had."""

    rate: float
    standard_error: float
    cases: int
    trials: int
    effective_size: float


def effective_sample_size(rate: float, standard_error: float, *, cases: int, trials: int) -> float:
    """Number of independent trials that would leave the same standard error: q(1 - q)/SE^2, clamped to [cases, trials].

    ``trials`` is the total over all cases (N*k).

    At a rate of exactly 0 or 1 the ratio is 0/0 and the answer is ``cases``: a run in which all trials agree says
    nothing of how alike the trials of one case are, so none is counted twice. With a rate between and no standard
    error (all cases have the same mean) it is ``trials``.
    Raises ValueError for a rate outside [0, 1], a negative standard error, fewer than one case or fewer trials than
    cases.
    """
    require_within("rate", rate, 0, 1)
    require_within("standard_error", standard_error, 0, math.inf)
    require_count("cases", cases, at_least=1)
    require_count("trials", trials, at_least=cases)
    if rate in (0, 1):
        return float(cases)
    if standard_error == 0:
        return float(trials)
    return min(max(rate * (1 - rate) / standard_error / standard_error, float(cases)), float(trials))


def clustered_rate(counts: Sequence[CaseCount]) -> ClusteredRate:
    """Mean of the case means with its clustered standard error and effective sample size.

    SE = sqrt(sum (z_i - q)^2 / (N(N - 1))) over case means z_i (Miller 2024, arXiv 2411.00640). One case alone
    shows no variance between cases; its SE is then sqrt(q(1 - q)), that of a single trial, the largest possible.
    Raises ValueError without cases.
    """
    if not counts:
        raise ValueError("counts must not be empty: a rate over no case is not a number")
    cases = len(counts)
    trials = sum(count.trials for count in counts)
    means = [count.mean for count in counts]
    exact_rate = sum(means, Fraction(0)) / cases
    if cases == 1:
        variance = exact_rate * (1 - exact_rate)
    else:
        variance = sum(((mean - exact_rate) ** 2 for mean in means), Fraction(0)) / (cases * (cases - 1))
    rate, standard_error = float(exact_rate), math.sqrt(variance)
    size = effective_sample_size(rate, standard_error, cases=cases, trials=trials)
    return ClusteredRate(rate, standard_error, cases, trials, size)


def clustered_interval(estimate: ClusteredRate, *, confidence: float = 0.95) -> Interval:
    """Two-sided Wilson interval of a clustered rate, on its effective sample size.

    For one-sided bounds use ``wilson_lower_bound(estimate.rate, estimate.effective_size)`` and its twin.
    Raises ValueError for a confidence outside (0, 1).
    """
    return wilson_interval(estimate.rate, estimate.effective_size, confidence=confidence)


def _require_draw(passed: int, trials: int, k: int) -> None:
    require_count("trials", trials, at_least=1)
    require_count("passed", passed)
    require_count("k", k, at_least=1)
    if passed > trials or k > trials:
        raise ValueError(f"passed and k must be at most trials, not {passed} and {k} of {trials}")


def pass_hat_k(passed: int, trials: int, k: int) -> float:
    """pass^k of one case: the chance that k of its trials, drawn without replacement, all passed: C(c, k)/C(n, k).

    Unbiased for p^k; average over cases for a suite. Raises ValueError unless 0 <= passed <= trials and 1 <= k <=
    trials.
    Source: Yao et al. 2024 (tau-bench), arXiv 2406.12045.
    """
    _require_draw(passed, trials, k)
    return math.comb(passed, k) / math.comb(trials, k)


def pass_at_k(passed: int, trials: int, k: int) -> float:
    """pass@k of one case: the chance that at least one of k trials drawn passed: 1 - C(n - c, k)/C(n, k).

    Unbiased for 1 - (1 - p)^k; average over cases for a suite. Raises as ``pass_hat_k``. Source: Chen et al. 2021,
    arXiv 2107.03374.
    """
    _require_draw(passed, trials, k)
    total = math.comb(trials, k)
    return (total - math.comb(trials - passed, k)) / total
