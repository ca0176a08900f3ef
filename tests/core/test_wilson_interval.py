"""Wilson intervals and bounds agree with statsmodels and with the test that they invert."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from pytest_personal_align.core.intervals import (
    normal_quantile,
    wilson_interval,
    wilson_lower_bound,
    wilson_upper_bound,
)

rates = st.floats(0, 1)
sizes = st.floats(0.5, 1e6)
confidences = st.floats(0.51, 0.9999)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
@pytest.mark.parametrize(("failed", "n"), [(0, 10), (1, 10), (10, 10), (3, 85), (84, 85), (7, 1685), (1, 1)])
def test_agrees_with_statsmodels(failed: int, n: int, confidence: float) -> None:
    low, high = proportion_confint(failed, n, alpha=1 - confidence, method="wilson")
    interval = wilson_interval(failed / n, n, confidence=confidence)
    assert interval.low == pytest.approx(low, abs=1e-12)
    assert interval.high == pytest.approx(high, abs=1e-12)
    assert interval.confidence == confidence


def test_is_the_formula_of_the_design_at_a_fractional_sample_size() -> None:
    q, n, z = 0.07, 123.4, normal_quantile(0.975)
    middle, half = q + z * z / (2 * n), z * math.sqrt(q * (1 - q) / n + z * z / (4 * n * n))
    interval = wilson_interval(q, n)
    assert interval.low == pytest.approx((middle - half) / (1 + z * z / n), abs=1e-14)
    assert interval.high == pytest.approx((middle + half) / (1 + z * z / n), abs=1e-14)


def test_low_end_keeps_its_precision_at_tiny_rates() -> None:
    # (q + z^2/2n - half width) loses all digits here; the bound is q^2 n/z^2 to first order.
    assert wilson_interval(1e-10, 10).low == pytest.approx(1e-19 / normal_quantile(0.975) ** 2, rel=1e-6)


@given(rates, sizes, confidences)
@settings(deadline=None)
def test_contains_the_rate_and_stays_in_the_unit_interval(rate: float, n: float, confidence: float) -> None:
    interval = wilson_interval(rate, n, confidence=confidence)
    assert 0 <= interval.low <= rate + 1e-12
    assert rate - 1e-12 <= interval.high <= 1


@given(rates, sizes, confidences)
@settings(deadline=None)
def test_one_sided_bounds_are_ends_of_a_two_sided_interval(rate: float, n: float, confidence: float) -> None:
    interval = wilson_interval(rate, n, confidence=2 * confidence - 1)
    assert wilson_lower_bound(rate, n, confidence=confidence) == pytest.approx(interval.low, abs=1e-9)
    assert wilson_upper_bound(rate, n, confidence=confidence) == pytest.approx(interval.high, abs=1e-9)


@given(st.floats(0.001, 0.999), st.integers(1, 2000), st.data())
@settings(deadline=None)
def test_is_above_a_limit_exactly_if_the_score_test_rejects(limit: float, n: int, data: st.DataObject) -> None:
    rate = data.draw(st.integers(0, n)) / n
    z = (rate - limit) / math.sqrt(limit * (1 - limit) / n)
    if abs(z - normal_quantile(0.95)) > 1e-6:
        assert (wilson_lower_bound(rate, n) > limit) == (z > normal_quantile(0.95))


@given(rates, sizes, confidences)
@settings(deadline=None)
def test_more_trials_never_lower_the_lower_bound(rate: float, n: float, confidence: float) -> None:
    before, after = (wilson_lower_bound(rate, size, confidence=confidence) for size in (n, 2 * n))
    assert before <= after + 1e-12


def test_no_failure_and_nothing_but_failures_touch_the_ends() -> None:
    assert wilson_interval(0, 30).low == 0
    assert wilson_interval(1, 30).high == 1
    assert wilson_interval(0, 30).high == pytest.approx(1 - wilson_interval(1, 30).low)


@pytest.mark.parametrize(
    ("rate", "n", "confidence", "named"),
    [
        (-0.1, 10, 0.95, "rate"),
        (1.1, 10, 0.95, "rate"),
        (math.nan, 10, 0.95, "rate"),
        (0.5, 0, 0.95, "n must"),
        (0.5, math.inf, 0.95, "n must"),
        (0.5, 10, 0, "confidence"),
        (0.5, 10, 1, "confidence"),
        (0.5, 10, 95, "confidence"),
    ],
)
def test_refuses_arguments_out_of_range(rate: float, n: float, confidence: float, named: str) -> None:
    for function in (wilson_interval, wilson_lower_bound, wilson_upper_bound):
        with pytest.raises(ValueError, match=named):
            function(rate, n, confidence=confidence)


def test_refuses_a_one_sided_bound_on_the_wrong_side() -> None:
    with pytest.raises(ValueError, match=r"one-sided bound must be above 0\.5"):
        wilson_lower_bound(0.1, 10, confidence=0.05)


@pytest.mark.parametrize("probability", [0, 1, math.nan])
def test_the_normal_has_no_quantile_at_its_ends(probability: float) -> None:
    with pytest.raises(ValueError, match="probability"):
        normal_quantile(probability)
