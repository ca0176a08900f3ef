"""The sign-flip test is exact, and McNemar's mid-p at one trial a case."""

import itertools
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from pytest_personal_align.core.paired import EXACT_DISCORDANT, case_differences, sign_flip_test, whole_differences
from pytest_personal_align.core.rates import CaseCount


def by_enumeration(differences: list[int]) -> Fraction:
    """Mid-p over all sign patterns."""
    observed = sum(differences)
    sums = [
        sum(sign * abs(difference) for sign, difference in zip(signs, differences, strict=True))
        for signs in itertools.product((-1, 1), repeat=len(differences))
    ]
    return Fraction(2 * sum(s > observed for s in sums) + sum(s == observed for s in sums), 2 * len(sums))


@given(st.lists(st.integers(-7, 7), max_size=10))
@settings(deadline=None)
def test_agrees_with_all_sign_patterns(differences: list[int]) -> None:
    outcome = sign_flip_test(differences)
    assert outcome.exact
    assert outcome.p_greater == pytest.approx(float(by_enumeration(differences)), abs=1e-15)
    assert outcome.total == sum(differences)
    assert outcome.discordant == sum(difference != 0 for difference in differences)


@given(st.integers(0, 30), st.integers(0, 30))
@settings(deadline=None)
def test_is_mcnemars_mid_p_at_one_trial_a_case(worse: int, better: int) -> None:
    outcome = sign_flip_test([1] * worse + [-1] * better + [0] * 5)
    discordant = worse + better
    mid_p = stats.binom.sf(worse, discordant, 0.5) + stats.binom.pmf(worse, discordant, 0.5) / 2
    assert outcome.p_greater == pytest.approx(mid_p, abs=1e-12)
    exact = mcnemar([[9, worse], [better, 9]], exact=True).pvalue
    two_sided = exact - stats.binom.pmf(worse, discordant, 0.5) if worse != better else 1.0
    assert outcome.p_two_sided == pytest.approx(two_sided, abs=1e-12)


@given(st.lists(st.integers(-9, 9), max_size=80))
@settings(deadline=None)
def test_both_sides_add_up_and_mirror_each_other(differences: list[int]) -> None:
    outcome, mirrored = sign_flip_test(differences), sign_flip_test([-difference for difference in differences])
    assert outcome.p_greater + outcome.p_less == pytest.approx(1, abs=1e-15)
    assert (outcome.p_greater, outcome.p_less) == (mirrored.p_less, mirrored.p_greater)
    assert outcome.p_two_sided == mirrored.p_two_sided <= 1


@given(st.lists(st.integers(-9, 9), max_size=70), st.integers(1, 1000), st.integers(0, 20))
@settings(deadline=None)
def test_neither_scale_nor_order_nor_zeros_matter(differences: list[int], scale: int, zeros: int) -> None:
    changed = [difference * scale for difference in reversed(differences)] + [0] * zeros
    assert sign_flip_test(changed).p_greater == sign_flip_test(differences).p_greater


def test_without_a_discordant_case_nothing_speaks_either_way() -> None:
    for differences in ([], [0] * 50):
        outcome = sign_flip_test(differences)
        assert (outcome.p_greater, outcome.p_less, outcome.p_two_sided, outcome.discordant) == (0.5, 0.5, 1.0, 0)


def test_is_exact_to_the_last_digit_at_the_limit() -> None:
    outcome = sign_flip_test([1] * EXACT_DISCORDANT)
    assert outcome.exact
    assert outcome.p_greater == 2.0**-61
    mixed = [3, -2, 1, 2, 3, -1] * 10
    sums = {0: 1}  # the distribution of the signed sum itself, another way
    for size in mixed:
        step: dict[int, int] = {}
        for value, ways in sums.items():
            for moved in (value - size, value + size):
                step[moved] = step.get(moved, 0) + ways
        sums = step
    observed = sum(mixed)
    exact = Fraction(2 * sum(w for s, w in sums.items() if s > observed) + sums[observed], 2**61)
    assert sign_flip_test(mixed).p_greater == pytest.approx(float(exact), rel=1e-15)


@pytest.mark.parametrize("worse", [31, 36, 40, 45])
def test_normal_beyond_the_limit_is_near_the_exact_value(worse: int) -> None:
    discordant = EXACT_DISCORDANT + 1
    outcome = sign_flip_test([1] * worse + [-1] * (discordant - worse))
    assert not outcome.exact
    mid_p = stats.binom.sf(worse, discordant, 0.5) + stats.binom.pmf(worse, discordant, 0.5) / 2
    assert outcome.p_greater == pytest.approx(mid_p, abs=0.002)
    assert outcome.p_greater == pytest.approx(stats.norm.sf((2 * worse - discordant) / discordant**0.5), rel=1e-12)


def test_far_out_the_normal_tail_does_not_round_to_zero() -> None:
    assert sign_flip_test([1] * 400).p_greater == pytest.approx(stats.norm.sf(20), rel=1e-9)


def test_sums_beyond_number_do_not_exhaust_memory() -> None:
    draw = random.Random(1)
    outcome = sign_flip_test([draw.randrange(1, 10**9) * draw.choice((-1, 1)) for _ in range(50)])
    assert not outcome.exact
    assert sign_flip_test([10**9, 3, -(10**12)]).exact


def test_differences_of_case_means_become_whole_numbers() -> None:
    before = [CaseCount(0, 3), CaseCount(2, 3), CaseCount(1, 3)]
    after = [CaseCount(1, 3), CaseCount(1, 2), CaseCount(1, 3)]
    differences = case_differences(before, after)
    assert differences == (Fraction(1, 3), Fraction(-1, 6), Fraction(0))
    assert whole_differences(differences) == (2, -1, 0)
    assert whole_differences(()) == ()


def test_three_trials_a_case_give_three_times_the_difference() -> None:
    before, after = [CaseCount(0, 3), CaseCount(2, 3)], [CaseCount(1, 3), CaseCount(0, 3)]
    assert whole_differences(case_differences(before, after)) == (1, -2)


def test_refuses_what_is_not_whole_or_not_paired() -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        sign_flip_test([0.5])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="the same cases, not 1 and 2"):
        case_differences([CaseCount(0, 1)], [CaseCount(0, 1)] * 2)
    with pytest.raises(ValueError, match="at least one case"):
        case_differences([], [])
