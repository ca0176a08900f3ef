"""Before a run: what a suite of this size will see, and what size a difference needs."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pytest_personal_align.core.agreement import JudgeAccuracy, Proportion
from pytest_personal_align.core.intervals import wilson_interval, wilson_lower_bound
from pytest_personal_align.core.limit import Limit
from pytest_personal_align.core.paired import sign_flip_test
from pytest_personal_align.core.power import (
    Assumptions,
    cases_for_difference,
    cases_for_excess,
    detectable_difference,
    detectable_excess,
)


def judge(sensitivity: int, specificity: int, labels: int = 100) -> JudgeAccuracy:
    """A judge calibrated on so many labels of each kind."""
    shares = (
        Proportion(right, labels, wilson_interval(right / labels, labels)) for right in (sensitivity, specificity)
    )
    return JudgeAccuracy(*shares)


assumptions = st.builds(
    Assumptions,
    trials=st.integers(1, 6),
    icc=st.floats(0, 1),
    alpha=st.floats(0.005, 0.2),
    power=st.floats(0.5, 0.95),
    accuracy=st.none() | st.builds(judge, st.integers(80, 100), st.integers(80, 100)),
)


def simulated_differences(base: float, rise: float, cases: int, plan: Assumptions, runs: int) -> np.ndarray:
    """k d_i of a regression in which some cases break altogether; difficulty is Beta-distributed."""
    random, size = np.random.default_rng(11), 1 / plan.icc - 1
    before = random.beta(base * size, (1 - base) * size, (runs, cases))
    after = np.where(random.random((runs, cases)) < rise / (1 - base), 1.0, before)
    judged = [p * plan.informedness + 1 - plan.specificity for p in (before, after)]
    return random.binomial(plan.trials, judged[1]) - random.binomial(plan.trials, judged[0])


@pytest.mark.parametrize(
    ("base", "cases", "plan"),
    [
        (0.2, 85, Assumptions()),
        (0.1, 60, Assumptions(trials=3)),
        (0.2, 100, Assumptions(trials=2, accuracy=judge(95, 97))),
        (0.05, 150, Assumptions(trials=3, minimum_effect=0.02)),
    ],
)
def test_the_real_gate_has_about_the_power_planned(base: float, cases: int, plan: Assumptions) -> None:
    rise = detectable_difference(base, cases, plan)
    assert rise is not None
    differences = simulated_differences(base, rise, cases, plan, 400).tolist()
    detected = sum(
        sign_flip_test(run).p_greater <= plan.alpha and sum(run) >= plan.minimum_effect * cases * plan.trials
        for run in differences
    )
    assert detected / 400 == pytest.approx(0.8, abs=0.07)


def test_the_spread_assumed_is_the_spread_simulated() -> None:
    plan = Assumptions(trials=3, accuracy=judge(95, 97))
    base, cases = 0.2, 337
    rise = detectable_difference(base, cases, plan)
    assert rise is not None
    simulated = simulated_differences(base, rise, cases, plan, 300) / 3
    # At the answer, what is seen equals 2.4865 standard errors.
    assert plan.informedness * rise == pytest.approx(2.4865 * simulated.std() / math.sqrt(cases), rel=0.02)
    assert simulated.mean() == pytest.approx(plan.informedness * rise, rel=0.05)


def test_the_numbers_of_the_design() -> None:
    given = {"accuracy": judge(95, 97), "minimum_effect": 0.02}
    for base in (0.1, 0.2, 0.35):
        assert 0.11 <= (detectable_difference(base, 85, Assumptions(**given)) or 0) <= 0.17
        assert 0.03 <= (detectable_difference(base, 337, Assumptions(trials=3, **given)) or 0) <= 0.055


@given(st.floats(0, 0.9), st.integers(1, 3000), assumptions)
@settings(deadline=None, max_examples=60)
def test_difference_and_number_of_cases_invert_each_other(base: float, cases: int, plan: Assumptions) -> None:
    rise = detectable_difference(base, cases, plan)
    if rise is None:
        return
    assert 0 < rise <= 1 - base
    needed = cases_for_difference(base, rise, plan)
    assert needed <= cases
    again = detectable_difference(base, needed, plan)
    assert again is not None
    assert again <= rise + 1e-9


@given(st.floats(0, 0.9), st.integers(1, 500), assumptions)
@settings(deadline=None, max_examples=60)
def test_more_cases_see_smaller_differences(base: float, cases: int, plan: Assumptions) -> None:
    few, many = (detectable_difference(base, number, plan) for number in (cases, cases + 1))
    assert few is None or (many is not None and many <= few + 1e-9)


def test_more_trials_help_but_not_like_more_cases() -> None:
    one, three = (detectable_difference(0.2, 337, Assumptions(trials=k)) or 9.0 for k in (1, 3))
    thrice = detectable_difference(0.2, 3 * 337, Assumptions()) or 9.0
    assert thrice < three < one


def test_where_nothing_fails_yet_four_worsened_cases_are_needed() -> None:
    rise = detectable_difference(0.0, 100, Assumptions())
    assert rise is not None
    assert stats.binom.sf(3, 100, rise) >= 0.8 - 1e-9
    assert detectable_difference(0.0, 3, Assumptions()) is None


@pytest.mark.parametrize("accuracy", [None, judge(95, 97), judge(380, 388, 400)])
def test_the_threshold_gate_has_the_power_planned(accuracy: JudgeAccuracy | None) -> None:
    threshold, cases, plan = 0.05, 337, Assumptions(accuracy=accuracy)
    excess = detectable_excess(threshold, cases, plan)
    assert excess is not None
    reported = plan.informedness * (threshold + excess) + 1 - plan.specificity
    power = sum(
        stats.binom.pmf(failed, cases, reported)
        for failed in range(cases + 1)
        if Limit(threshold, accuracy).rule(failed / cases, cases) == "fail"
    )
    assert power == pytest.approx(0.8, abs=1e-9)


def test_what_a_calibration_leaves_open_no_number_of_cases_makes_up_for() -> None:
    few = Assumptions(accuracy=judge(40, 39, 40))
    assert cases_for_excess(0.02, 0.02, Assumptions(accuracy=judge(4000, 3900, 4000))) < 2000
    with pytest.raises(ValueError, match="a million cases"):
        cases_for_excess(0.02, 0.02, few)


def test_a_threshold_of_zero_fails_at_the_first_failure() -> None:
    assert detectable_excess(0.0, 100, Assumptions()) == pytest.approx(1 - 0.2 ** (1 / 100))


def test_trials_of_a_case_that_agree_are_one_trial_to_a_threshold() -> None:
    alone = detectable_excess(0.05, 100, Assumptions())
    assert detectable_excess(0.05, 100, Assumptions(trials=5, icc=1.0)) == pytest.approx(alone)
    independent = detectable_excess(0.05, 100, Assumptions(trials=5, icc=0.0))
    assert independent == pytest.approx(detectable_excess(0.05, 500, Assumptions()))


@given(st.floats(0, 0.9), st.integers(1, 400), assumptions)
@settings(deadline=None, max_examples=30)
def test_excess_and_number_of_cases_invert_each_other(threshold: float, cases: int, plan: Assumptions) -> None:
    excess = detectable_excess(threshold, cases, plan)
    if excess is None:
        return
    assert 0 < excess <= 1 - threshold
    needed = cases_for_excess(threshold, excess, plan)
    again = detectable_excess(threshold, needed, plan)
    assert again is not None
    assert again <= excess


@pytest.mark.parametrize("threshold", [0.5, 0.52])
def test_a_gate_that_fails_as_often_at_the_threshold_detects_nothing(threshold: float) -> None:
    # One case, alpha .1875: its failure alone fails the gate, and at the threshold it fails every other time.
    plan = Assumptions(alpha=0.1875, power=0.5)
    assert wilson_lower_bound(1.0, 1, confidence=1 - plan.alpha) > threshold
    assert detectable_excess(threshold, 1, plan) is None
    assert cases_for_excess(threshold, 0.3, plan) > 1


def test_a_judge_that_errs_hides_small_excesses() -> None:
    sure, unsure = Assumptions(), Assumptions(accuracy=judge(95, 97))
    assert (detectable_excess(0.02, 337, sure) or 9.0) < (detectable_excess(0.02, 337, unsure) or 0.0)
    assert detectable_excess(0.5, 3, Assumptions(accuracy=judge(55, 100))) is None


def test_the_top_of_the_scale_can_be_asked_for() -> None:
    assert cases_for_difference(0.9, 0.1, Assumptions()) > 4
    assert detectable_excess(1.0, 100, Assumptions()) is None


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"trials": 0}, "trials"),
        ({"icc": 1.1}, "icc"),
        ({"alpha": 0.0}, "alpha"),
        ({"power": 0.4}, "power"),
        ({"minimum_effect": 2.0}, "minimum_effect"),
        ({"accuracy": judge(40, 60)}, "sensitivity"),
    ],
)
def test_refuses_assumptions_out_of_range(wrong: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Assumptions(**wrong)  # type: ignore[arg-type]


def test_refuses_arguments_out_of_range() -> None:
    plan = Assumptions(minimum_effect=0.02)
    with pytest.raises(ValueError, match="base_rate"):
        detectable_difference(1.0, 10, plan)
    with pytest.raises(ValueError, match="cases"):
        detectable_difference(0.1, 0, plan)
    with pytest.raises(ValueError, match=r"difference must be above 0 and at most 0.9"):
        cases_for_difference(0.1, 0.95, plan)
    with pytest.raises(ValueError, match="never detected"):
        cases_for_difference(0.1, 0.02, plan)
    with pytest.raises(ValueError, match="a million cases"):
        cases_for_difference(0.1, 1e-5, Assumptions())
    with pytest.raises(ValueError, match="threshold"):
        detectable_excess(1.5, 10, plan)
    with pytest.raises(ValueError, match="excess"):
        cases_for_excess(0.1, 0.0, plan)
