"""Trials are clustered in cases: standard error, effective sample size, and the Wilson interval upon it."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_personal_align.core.intervals import wilson_interval
from pytest_personal_align.core.rates import CaseCount, clustered_interval, clustered_rate, effective_sample_size


def counts(failed: Sequence[int], trials: int) -> list[CaseCount]:
    return [CaseCount(number, trials) for number in failed]


case_counts = st.integers(1, 6).flatmap(lambda k: st.builds(CaseCount, st.integers(0, k), st.just(k)))


def test_standard_error_is_the_cluster_robust_one_of_statsmodels() -> None:
    failed, k = [0, 3, 1, 0, 2, 3, 0, 0, 1, 3, 0, 0], 3
    outcomes = np.concatenate([[1] * number + [0] * (k - number) for number in failed])
    groups = np.repeat(np.arange(len(failed)), k)
    fit = sm.OLS(outcomes, np.ones(len(outcomes))).fit(cov_type="cluster", cov_kwds={"groups": groups})
    estimate = clustered_rate(counts(failed, k))
    assert estimate.rate == pytest.approx(fit.params[0])
    assert estimate.standard_error == pytest.approx(fit.bse[0])


def test_one_trial_a_case_makes_the_cases_the_sample() -> None:
    estimate = clustered_rate(counts([1] * 4 + [0] * 81, 1))
    assert estimate.effective_size == estimate.cases == estimate.trials == 85
    assert clustered_interval(estimate) == wilson_interval(4 / 85, 85)


def test_identical_trials_of_a_case_count_once() -> None:
    assert clustered_rate(counts([5] * 10 + [0] * 40, 5)).effective_size == 50


def test_trials_that_differ_within_cases_only_count_all() -> None:
    assert clustered_rate(counts([1] * 40, 2)).effective_size == 80


def test_between_both_the_size_explains_the_standard_error() -> None:
    estimate = clustered_rate(counts([0, 0, 0, 1, 3, 0, 2, 0, 0, 1] * 5, 3))
    assert 50 < estimate.effective_size < 150
    q = estimate.rate
    assert math.sqrt(q * (1 - q) / estimate.effective_size) == pytest.approx(estimate.standard_error)


@pytest.mark.parametrize("failed", [0, 3])
def test_without_variance_at_either_end_no_trial_is_counted_twice(failed: int) -> None:
    estimate = clustered_rate(counts([failed] * 20, 3))
    assert (estimate.rate, estimate.standard_error, estimate.effective_size) == (failed / 3, 0, 20)


def test_one_case_alone_is_one_trial() -> None:
    estimate = clustered_rate([CaseCount(1, 4)])
    assert estimate.effective_size == pytest.approx(1)
    assert estimate.standard_error == pytest.approx(math.sqrt(0.25 * 0.75))


def test_cases_weigh_the_same_whatever_their_number_of_trials() -> None:
    estimate = clustered_rate([CaseCount(1, 1), CaseCount(0, 9)])
    assert (estimate.rate, estimate.cases, estimate.trials) == (0.5, 2, 10)


@given(st.lists(case_counts, min_size=1, max_size=30))
@settings(deadline=None)
def test_effective_size_lies_between_cases_and_trials(cases: list[CaseCount]) -> None:
    estimate = clustered_rate(cases)
    assert len(cases) <= estimate.effective_size <= sum(case.trials for case in cases)
    if len(cases) > 1:
        means = [case.failed / case.trials for case in cases]
        assert estimate.standard_error == pytest.approx(np.std(means, ddof=1) / math.sqrt(len(means)), abs=1e-12)
    interval = clustered_interval(estimate)
    assert interval.low <= estimate.rate + 1e-12
    assert estimate.rate - 1e-12 <= interval.high


def test_refuses_what_is_not_a_count() -> None:
    for failed, trials in ((1, 0), (-1, 3), (4, 3), (0.5, 1)):
        with pytest.raises(ValueError, match=r"failed|trials"):
            CaseCount(failed, trials)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no case"):
        clustered_rate([])


@pytest.mark.parametrize(
    ("rate", "error", "cases", "trials", "named"),
    [
        (1.5, 0.1, 5, 5, "rate"),
        (0.5, -0.1, 5, 5, "standard_error"),
        (0.5, math.nan, 5, 5, "standard_error"),
        (0.5, 0.1, 0, 5, "cases"),
        (0.5, 0.1, 5, 4, "trials"),
    ],
)
def test_the_size_refuses_what_is_out_of_range(rate: float, error: float, cases: int, trials: int, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        effective_sample_size(rate, error, cases=cases, trials=trials)
