"""Cohen's kappa and its standard error agree with statsmodels."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from pytest_personal_align.core.agreement import ConfusionMatrix, cohen_kappa
from pytest_personal_align.core.intervals import wilson_interval

Table = tuple[tuple[int, ...], ...]
tables = st.integers(2, 4).flatmap(
    lambda q: st.tuples(*[st.tuples(*[st.integers(0, 30) for _ in range(q)]) for _ in range(q)])
)


def matrix(counts: Table) -> ConfusionMatrix:
    return ConfusionMatrix(tuple("abcd"[: len(counts)]), counts)


@given(tables)
@settings(deadline=None)
def test_agrees_with_statsmodels(counts: Table) -> None:
    total, agreed = sum(map(sum, counts)), sum(row[i] for i, row in enumerate(counts))
    assume(total > agreed)
    kappa = cohen_kappa(matrix(counts))
    with np.errstate(all="ignore"):  # theirs divides by 0 where one rater used one label only
        theirs = cohens_kappa(np.array(counts))
    assert kappa is not None
    assert kappa.coefficient == pytest.approx(theirs.kappa, abs=1e-9)
    assert kappa.standard_error**2 == pytest.approx(max(0.0, theirs.var_kappa), abs=1e-9)
    if theirs.var_kappa > 1e-12:  # else rounding can push theirs below 0, and its interval to NaN
        assert kappa.interval.low == pytest.approx(max(-1, theirs.kappa_low), abs=1e-6)
        assert kappa.interval.high == pytest.approx(min(1, theirs.kappa_upp), abs=1e-6)


def test_a_textbook_table() -> None:
    # Fleiss, Levin and Paik 2003 (Statistical Methods for Rates and Proportions), table 18.1: kappa .676.
    kappa = cohen_kappa(matrix(((75, 1, 4), (5, 4, 1), (0, 0, 10))))
    assert kappa is not None
    assert kappa.coefficient == pytest.approx(0.676, abs=0.0005)
    assert (kappa.observed, kappa.expected, kappa.items) == pytest.approx((0.89, 0.66, 100), abs=0.005)


def test_the_same_judge_looks_worse_where_fails_are_rare() -> None:
    # STATISTICS.md: sensitivity .95, specificity .97; kappa .54 at 2 %, .91 at 30 %.
    for fails, expected in ((2_000, 0.54), (30_000, 0.91)):
        passes = 100_000 - fails
        caught, cleared = round(0.95 * fails), round(0.97 * passes)
        kappa = cohen_kappa(matrix(((caught, fails - caught), (passes - cleared, cleared))))
        assert kappa is not None
        assert kappa.coefficient == pytest.approx(expected, abs=0.01)


def test_perfect_agreement_on_few_items_is_no_proof_of_perfection() -> None:
    kappa = cohen_kappa(matrix(((5, 0), (0, 5))))
    assert kappa is not None
    assert (kappa.coefficient, kappa.standard_error, kappa.interval.high) == (1, 0, 1)
    assert kappa.interval.low == pytest.approx((wilson_interval(1, 10).low - 0.5) / 0.5)


def test_a_rater_with_one_label_only_has_kappa_zero_whatever_the_other_does() -> None:
    kappa = cohen_kappa(matrix(((0, 0), (1, 9))))
    assert kappa is not None
    assert (kappa.coefficient, kappa.standard_error) == pytest.approx((0, 0), abs=1e-8)


def test_one_label_used_by_both_leaves_it_undefined() -> None:
    assert cohen_kappa(matrix(((12, 0), (0, 0)))) is None


def test_refuses_a_confidence_out_of_range() -> None:
    with pytest.raises(ValueError, match="confidence"):
        cohen_kappa(matrix(((5, 1), (1, 5))), confidence=0.0)
