"""Clopper-Pearson intervals and the binomial tail below them agree with SciPy."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pytest_personal_align.core.intervals import binomial_tail, clopper_pearson_interval, rate_of_tail


@given(st.integers(1, 3000), st.floats(0.5, 0.9999), st.data())
@settings(deadline=None, max_examples=60)
def test_agrees_with_beta_quantiles(n: int, confidence: float, data: st.DataObject) -> None:
    failed = data.draw(st.integers(0, n))
    interval = clopper_pearson_interval(failed, n, confidence=confidence)
    side = (1 - confidence) / 2
    low = stats.beta.ppf(side, failed, n - failed + 1) if failed else 0.0
    high = stats.beta.isf(side, failed + 1, n - failed) if failed < n else 1.0
    assert interval.low == pytest.approx(low, abs=1e-10)
    assert interval.high == pytest.approx(high, abs=1e-10)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.35, 0.5])
def test_coverage_is_never_below_the_confidence(rate: float) -> None:
    n = 40
    intervals = [clopper_pearson_interval(failed, n) for failed in range(n + 1)]
    covered = sum(stats.binom.pmf(failed, n, rate) for failed, it in enumerate(intervals) if it.low <= rate <= it.high)
    assert covered >= 0.95


def test_no_failure_and_nothing_but_failures_touch_the_ends() -> None:
    assert clopper_pearson_interval(0, 12).low == 0
    assert clopper_pearson_interval(12, 12).high == 1
    assert clopper_pearson_interval(0, 12).high == pytest.approx(1 - 0.025 ** (1 / 12), abs=1e-12)


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0, 1))
@settings(deadline=None)
def test_binomial_tail_agrees_with_scipy(count: int, n: int, rate: float) -> None:
    assert binomial_tail(count, n, rate) == pytest.approx(stats.binom.sf(count - 1, n, rate), rel=1e-9, abs=1e-12)


def test_binomial_tail_keeps_its_relative_precision_far_out() -> None:
    assert binomial_tail(90, 100, 0.1) == pytest.approx(stats.binom.sf(89, 100, 0.1), rel=1e-10, abs=0)


@given(st.integers(1, 500), st.floats(1e-6, 1 - 1e-6), st.data())
@settings(deadline=None, max_examples=50)
def test_rate_of_tail_inverts_the_tail(n: int, probability: float, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, n))
    assert binomial_tail(count, n, rate_of_tail(count, n, probability)) == pytest.approx(probability, abs=1e-9)


@pytest.mark.parametrize(
    ("failed", "n", "confidence", "named"),
    [
        (-1, 10, 0.95, "failed"),
        (11, 10, 0.95, "at most n"),
        (1.5, 10, 0.95, "failed"),
        (0, 0, 0.95, "n must"),
        (0, 10.5, 0.95, "n must"),
        (1, True, 0.95, "n must"),
        (1, 10, 1.0, "confidence"),
    ],
)
def test_refuses_arguments_out_of_range(failed: int, n: int, confidence: float, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        clopper_pearson_interval(failed, n, confidence=confidence)


def test_the_tail_refuses_arguments_out_of_range() -> None:
    with pytest.raises(ValueError, match="count"):
        binomial_tail(-1, 10, 0.5)
    with pytest.raises(ValueError, match="rate"):
        binomial_tail(1, 10, math.nan)
    with pytest.raises(ValueError, match="at most n"):
        rate_of_tail(11, 10, 0.5)
    with pytest.raises(ValueError, match="probability"):
        rate_of_tail(1, 10, 0.0)
