"""A run without a failure prints the rate that it rules out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pytest_personal_align.core.intervals import zero_failure_bound


@given(st.floats(0.5, 1e9), st.floats(0.01, 0.999))
@settings(deadline=None)
def test_such_a_rate_shows_no_failure_with_probability_alpha(n: float, confidence: float) -> None:
    bound = zero_failure_bound(n, confidence=confidence)
    assert stats.beta.isf(1 - confidence, 1, n) == pytest.approx(bound, rel=1e-9)


def test_is_about_three_over_n() -> None:
    assert zero_failure_bound(50) == pytest.approx(1 - 0.05 ** (1 / 50), abs=1e-15)
    assert zero_failure_bound(1e12) == pytest.approx(2.9957e-12, rel=1e-4)  # no rounding to 0


@pytest.mark.parametrize(
    ("n", "confidence", "named"), [(0, 0.95, "n must"), (-1, 0.95, "n must"), (5, 1, "confidence")]
)
def test_refuses_arguments_out_of_range(n: float, confidence: float, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        zero_failure_bound(n, confidence=confidence)
