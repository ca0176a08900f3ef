"""Gwet's AC1, and its standard error against reference values and the delta method."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pytest_personal_align.core.agreement import ConfusionMatrix, gwet_ac1
from pytest_personal_align.core.intervals import wilson_interval

Table = tuple[tuple[int, ...], ...]
tables = st.integers(2, 4).flatmap(
    lambda q: st.tuples(*[st.tuples(*[st.integers(0, 30) for _ in range(q)]) for _ in range(q)])
)


def matrix(counts: Table) -> ConfusionMatrix:
    return ConfusionMatrix(tuple("abcd"[: len(counts)]), counts)


@pytest.mark.parametrize(
    ("counts", "coefficient", "error"),
    [
        (((118, 5), (2, 0)), 0.9407763376, 0.0230569643),
        (((40, 9), (6, 45)), 0.7007481297, 0.0717112606),
        (((44, 5, 1), (7, 20, 3), (9, 5, 6)), 0.5759717314, 0.0682244065),
        (((98, 1), (1, 0)), 0.9795960008, 0.01464179),
    ],
)
def test_agrees_with_gwets_own_method(counts: Table, coefficient: float, error: float) -> None:
    # Values of irrCAC 0.4.4, the Python port of Gwet's package; it divides by n - 1 where the paper of 2008 has n.
    ac1, n = gwet_ac1(matrix(counts)), sum(map(sum, counts))
    assert ac1.coefficient == pytest.approx(coefficient, abs=1e-9)
    assert ac1.standard_error * math.sqrt(n / (n - 1)) == pytest.approx(error, abs=1e-9)


def coefficient(shares: np.ndarray) -> float:
    means = (shares.sum(axis=0) + shares.sum(axis=1)) / 2
    expected = float((means * (1 - means)).sum()) / (len(means) - 1)
    return (float(np.trace(shares)) - expected) / (1 - expected)


@given(tables)
@settings(deadline=None, max_examples=50)
def test_variance_is_that_of_the_delta_method(counts: Table) -> None:
    n, agreed = sum(map(sum, counts)), sum(row[i] for i, row in enumerate(counts))
    assume(n > agreed)
    shares, step = np.array(counts) / n, 1e-6
    gradient = np.zeros_like(shares)
    for place in np.ndindex(*shares.shape):
        nudge = np.zeros_like(shares)
        nudge[place] = step
        gradient[place] = (coefficient(shares + nudge) - coefficient(shares - nudge)) / (2 * step)
    variance = ((shares * gradient**2).sum() - (shares * gradient).sum() ** 2) / n
    ac1 = gwet_ac1(matrix(counts))
    assert ac1.coefficient == pytest.approx(coefficient(shares), abs=1e-12)
    assert ac1.standard_error**2 == pytest.approx(variance, abs=1e-8)
    assert -1 <= ac1.interval.low <= ac1.coefficient + 1e-12
    assert ac1.coefficient - 1e-12 <= ac1.interval.high <= 1


def test_keeps_its_meaning_where_one_label_is_rare() -> None:
    assert gwet_ac1(matrix(((98, 1), (1, 0)))).coefficient > 0.9  # kappa is below 0 here


def test_one_label_used_by_both_is_perfect_agreement() -> None:
    ac1 = gwet_ac1(matrix(((12, 0), (0, 0))))
    assert (ac1.coefficient, ac1.standard_error, ac1.expected) == (1, 0, 0)
    assert (ac1.interval.low, ac1.interval.high) == pytest.approx((wilson_interval(1, 12).low, 1))


def test_unused_labels_lower_the_agreement_expected() -> None:
    two = gwet_ac1(matrix(((8, 1), (1, 8))))
    three = gwet_ac1(matrix(((8, 1, 0), (1, 8, 0), (0, 0, 0))))
    assert (two.expected, three.expected) == pytest.approx((0.5, 0.25))


def test_refuses_a_confidence_out_of_range() -> None:
    with pytest.raises(ValueError, match="confidence"):
        gwet_ac1(matrix(((5, 1), (1, 5))), confidence=1.0)
