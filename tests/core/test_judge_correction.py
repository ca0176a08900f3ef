"""Rogan-Gladen: the rate without the judge's errors, its variance, and the threshold on the judge's scale."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_personal_align.core.correction import correct_rate, observed_threshold

accuracies = st.floats(0.55, 1)


def test_the_numbers_of_the_design() -> None:
    # STATISTICS.md: at a true rate of 2 % this judge reports 4.8 %.
    observed = observed_threshold(0.02, sensitivity=0.95, specificity=0.97)
    assert observed == pytest.approx(0.0484)
    assert 0.03 * 0.98 / observed == pytest.approx(0.61, abs=0.005)


@given(st.floats(0, 1), accuracies, accuracies)
@settings(deadline=None)
def test_correcting_inverts_the_observed_threshold(rate: float, sensitivity: float, specificity: float) -> None:
    observed = min(1.0, observed_threshold(rate, sensitivity=sensitivity, specificity=specificity))
    corrected = correct_rate(observed, 0.0, sensitivity=sensitivity, specificity=specificity)
    assert corrected.raw_rate == pytest.approx(rate, abs=1e-12)


def test_a_perfect_judge_changes_nothing() -> None:
    corrected = correct_rate(0.1, 0.0004, sensitivity=1.0, specificity=1.0)
    assert (corrected.rate, corrected.variance) == pytest.approx((0.1, 0.0004))
    assert corrected.standard_error == pytest.approx(0.02)
    assert observed_threshold(0.1, sensitivity=1.0, specificity=1.0) == pytest.approx(0.1)


def test_estimates_beyond_the_ends_are_clipped_but_kept() -> None:
    low = correct_rate(0.0, 0.0, sensitivity=0.95, specificity=0.97)
    assert low.rate == 0
    assert low.raw_rate == pytest.approx(-0.03 / 0.92)
    assert correct_rate(1.0, 0.0, sensitivity=0.95, specificity=0.97).rate == 1


@given(st.floats(0.05, 0.95), st.floats(0.6, 0.99), st.floats(0.6, 0.99))
@settings(deadline=None)
def test_variance_is_that_of_the_delta_method(q: float, sensitivity: float, specificity: float) -> None:
    variances = (0.0003, 0.0007, 0.0011)

    def estimate(rate: float, se: float, sp: float) -> float:
        return correct_rate(rate, 0.0, sensitivity=se, specificity=sp).raw_rate

    step, point = 1e-6, [q, sensitivity, specificity]
    expected = 0.0
    for place, variance in enumerate(variances):
        up, down = list(point), list(point)
        up[place] += step
        down[place] -= step
        expected += variance * ((estimate(*up) - estimate(*down)) / (2 * step)) ** 2
    corrected = correct_rate(
        q,
        variances[0],
        sensitivity=sensitivity,
        specificity=specificity,
        sensitivity_variance=variances[1],
        specificity_variance=variances[2],
    )
    assert corrected.variance == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.5, 0.5), (0.3, 0.6), (0.0, 1.0)])
def test_a_judge_no_better_than_chance_is_refused(sensitivity: float, specificity: float) -> None:
    with pytest.raises(ValueError, match="must be above 1"):
        correct_rate(0.1, 0.0, sensitivity=sensitivity, specificity=specificity)
    with pytest.raises(ValueError, match="must be above 1"):
        observed_threshold(0.1, sensitivity=sensitivity, specificity=specificity)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"rate": 1.2}, "rate"),
        ({"variance": -1.0}, "variance"),
        ({"sensitivity": 1.2}, "sensitivity"),
        ({"specificity": math.nan}, "specificity"),
        ({"sensitivity_variance": -1.0}, "sensitivity_variance"),
        ({"specificity_variance": -1.0}, "specificity_variance"),
    ],
)
def test_refuses_arguments_out_of_range(changed: dict[str, float], named: str) -> None:
    arguments = {"rate": 0.1, "variance": 0.01, "sensitivity": 0.9, "specificity": 0.9} | changed
    with pytest.raises(ValueError, match=f"^{named} must"):
        correct_rate(arguments.pop("rate"), arguments.pop("variance"), **arguments)


def test_refuses_a_threshold_out_of_range() -> None:
    with pytest.raises(ValueError, match="threshold"):
        observed_threshold(2.0, sensitivity=0.9, specificity=0.9)
