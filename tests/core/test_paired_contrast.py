"""Paired contrasts: mean difference of case means, its interval, its two-sided p."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pytest_personal_align.core.paired import paired_contrast, sign_flip_test
from pytest_personal_align.core.rates import CaseCount

case_counts = st.integers(1, 5).flatmap(lambda k: st.builds(CaseCount, st.integers(0, k), st.just(k)))
pairs = st.tuples(case_counts, case_counts)


def single(failed: str) -> list[CaseCount]:
    """One trial a case: 'f' failed, '.' passed."""
    return [CaseCount(int(letter == "f"), 1) for letter in failed]


def test_one_trial_a_case_is_bonett_and_prices_interval() -> None:
    first, second = single("ff..." + "." * 35), single("..fff" + "f" * 5 + "." * 30)
    better, worse, n = 2, 8, 40
    contrast = paired_contrast(first, second)
    p_worse, p_better = (worse + 1) / (n + 2), (better + 1) / (n + 2)
    half = stats.norm.isf(0.025) * math.sqrt((p_worse + p_better - (p_worse - p_better) ** 2) / (n + 2))
    assert contrast.mean == pytest.approx(6 / 40)
    assert contrast.interval.low == pytest.approx(p_worse - p_better - half)
    assert contrast.interval.high == pytest.approx(p_worse - p_better + half)
    assert contrast.p_value == pytest.approx(2 * (stats.binom.sf(8, 10, 0.5) + stats.binom.pmf(8, 10, 0.5) / 2))
    assert (contrast.cases, contrast.discordant) == (40, 10)


def test_many_cases_make_it_the_plain_interval_of_a_mean() -> None:
    random = np.random.default_rng(3)
    first, second = random.binomial(3, 0.2, 5000).tolist(), random.binomial(3, 0.3, 5000).tolist()
    contrast = paired_contrast([CaseCount(x, 3) for x in first], [CaseCount(x, 3) for x in second])
    differences = (np.array(second) - np.array(first)) / 3
    half = 1.959964 * differences.std(ddof=1) / math.sqrt(5000)
    assert contrast.mean == pytest.approx(differences.mean())
    assert contrast.interval.low == pytest.approx(differences.mean() - half, abs=2e-4)
    assert contrast.interval.high == pytest.approx(differences.mean() + half, abs=2e-4)


def test_no_difference_at_all_does_not_prove_that_there_is_none() -> None:
    contrast = paired_contrast(single("f...."), single("f...."))
    assert (contrast.mean, contrast.p_value, contrast.discordant) == (0, 1, 0)
    assert contrast.interval.low == pytest.approx(-contrast.interval.high)
    assert contrast.interval.high > 0.2


@pytest.mark.parametrize(("worse", "better"), [(0.05, 0.05), (0.1, 0.02), (0.3, 0.1)])
def test_coverage_is_near_the_confidence(worse: float, better: float) -> None:
    # By exact enumeration of the trinomial, 40 cases of one trial each.
    n, covered = 40, 0.0
    for up in range(n + 1):
        for down in range(n + 1 - up):
            chance = stats.binom.pmf(up, n, worse) * stats.binom.pmf(down, n - up, better / (1 - worse))
            if chance < 1e-6:
                continue
            interval = paired_contrast(
                single("." * up + "f" * (n - up)), single("f" * up + "." * down + "f" * (n - up - down))
            ).interval
            covered += chance * (interval.low <= worse - better <= interval.high)
    assert 0.94 <= covered <= 0.995


@given(st.lists(pairs, min_size=1, max_size=25), st.floats(0.9, 0.999))
@settings(deadline=None)
def test_swapping_the_arms_turns_it_round(cases: list[tuple[CaseCount, CaseCount]], confidence: float) -> None:
    first, second = [before for before, _ in cases], [after for _, after in cases]
    there = paired_contrast(first, second, confidence=confidence)
    back = paired_contrast(second, first, confidence=confidence)
    assert there.mean == -back.mean
    assert there.p_value == back.p_value
    assert there.interval.low == pytest.approx(-back.interval.high)
    assert -1 <= there.interval.low <= there.mean <= there.interval.high <= 1


def test_unequal_numbers_of_trials_are_compared_as_means() -> None:
    contrast = paired_contrast([CaseCount(1, 2), CaseCount(0, 3)], [CaseCount(2, 3), CaseCount(1, 3)])
    assert contrast.mean == pytest.approx((2 / 3 - 1 / 2 + 1 / 3) / 2)
    assert contrast.p_value == sign_flip_test([1, 2]).p_two_sided


def test_refuses_arms_that_do_not_match() -> None:
    with pytest.raises(ValueError, match="same cases"):
        paired_contrast(single("f"), single("ff"))
    with pytest.raises(ValueError, match="at least one"):
        paired_contrast([], [])
    with pytest.raises(ValueError, match="confidence"):
        paired_contrast(single("f"), single("f"), confidence=1.0)
