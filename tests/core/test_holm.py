"""Holm's adjusted p-values agree with statsmodels."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from pytest_personal_align.core.paired import holm_adjust


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(deadline=None, max_examples=15)  # multipletests takes 15 ms a call
def test_agrees_with_statsmodels(p_values: list[float]) -> None:
    assert holm_adjust(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist(), abs=1e-12)


def test_a_worked_family_in_its_own_order() -> None:
    assert holm_adjust([0.03, 0.01, 0.04, 0.005]) == pytest.approx((0.06, 0.03, 0.06, 0.02))


def test_one_test_needs_no_adjustment_and_none_gives_none() -> None:
    assert holm_adjust([0.04]) == (0.04,)
    assert holm_adjust([]) == ()


@pytest.mark.parametrize("wrong", [-0.01, 1.01, math.nan])
def test_refuses_what_is_not_a_p_value(wrong: float) -> None:
    with pytest.raises(ValueError, match="p-value"):
        holm_adjust([0.5, wrong])
