"""Early stopping: the evidence is fair under its null at any time, decides as designed, and then is final."""

import itertools
import math
from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_personal_align.core.sequential import SequentialTest

Null = dict[float, float]


def run(differences: Iterable[float], state: SequentialTest) -> SequentialTest:
    for difference in differences:
        state = state.update(difference)
        if state.decision != "continue":
            break
    return state


def draws(null: Null, runs: int, cases: int) -> list[list[float]]:
    values, chances = zip(*null.items(), strict=True)
    return np.random.default_rng(5).choice(values, p=chances, size=(runs, cases)).tolist()


NO_WORSE: list[Null] = [
    {0.0: 0.8, 1.0: 0.1, -1.0: 0.1},
    {1.0: 0.5, -1.0: 0.5},
    {1.0: 0.25, -1 / 3: 0.75},
    {1 / 3: 0.6, 0.0: 0.2, -1.0: 0.2},
    {-1.0: 1.0},
]
FIVE_POINTS_WORSE: list[Null] = [
    {0.0: 0.95, 1.0: 0.05},
    {1.0: 0.525, -1.0: 0.475},
    {0.05: 1.0},
    {1 / 3: 0.2875, 0.0: 0.575, -1 / 3: 0.1375},
]
UNLIMITED = SequentialTest(fail_at=1e300, pass_at=1e300)


@pytest.mark.parametrize("null", NO_WORSE + FIVE_POINTS_WORSE)
def test_expected_evidence_never_rises_under_its_null(null: Null) -> None:
    mean = sum(value * chance for value, chance in null.items())
    no_worse = worse = 0.0
    for path in itertools.product(null.items(), repeat=5):
        chance = math.prod(probability for _, probability in path)
        state = run([value for value, _ in path], UNLIMITED)
        no_worse += chance * state.evidence_against_no_worse
        worse += chance * state.evidence_against_worse
    if mean <= 1e-12:
        assert no_worse <= 1 + 1e-12
    if mean >= 0.05 - 1e-12:
        assert worse <= 1 + 1e-12


@pytest.mark.parametrize("null", NO_WORSE[:3])
def test_no_worse_rarely_ever_stops_as_failed(null: Null) -> None:
    # Passing is made impossible here, so that it cannot hide false alarms. Ville: at most 1 %.
    states = [run(path, SequentialTest(pass_at=1e300)) for path in draws(null, 120, 300)]
    assert sum(state.decision == "fail" for state in states) / 120 <= 0.03


@pytest.mark.parametrize("null", FIVE_POINTS_WORSE)
def test_five_points_worse_rarely_ever_stops_as_passed(null: Null) -> None:
    states = [run(path, SequentialTest(fail_at=1e300)) for path in draws(null, 120, 300)]
    assert sum(state.decision == "pass" for state in states) / 120 <= 0.08  # Ville: at most 5 %


def test_a_large_regression_is_stopped_early() -> None:
    states = [run(path, SequentialTest()) for path in draws({1.0: 0.2, 0.0: 0.75, -1.0: 0.05}, 100, 1685)]
    assert all(state.decision == "fail" for state in states)
    assert sum(state.cases for state in states) / 100 < 0.15 * 1685


@pytest.mark.parametrize(("discordant", "share"), [(0.02, 0.16), (0.1, 0.25), (0.2, 0.41)])
def test_an_unchanged_build_costs_a_part_of_the_trials(discordant: float, share: float) -> None:
    null = {1.0: discordant / 2, -1.0: discordant / 2, 0.0: 1 - discordant}
    states = [run(path, SequentialTest()) for path in draws(null, 100, 1685)]
    assert sum(state.cases for state in states) / 100 < share * 1685
    assert sum(state.decision == "pass" for state in states) >= 95


def test_without_replacement_errors_stay_rare() -> None:
    # A finite suite whose mean difference is exactly at each null, in random order.
    random = np.random.default_rng(9)
    at_zero = random.permuted(np.tile([1.0] * 30 + [-1.0] * 30 + [0.0] * 240, (200, 1)), axis=1).tolist()
    at_margin = random.permuted(np.tile([1.0] * 45 + [-1.0] * 30 + [0.0] * 225, (200, 1)), axis=1).tolist()
    failed = sum(run(path, SequentialTest(pass_at=1e300)).decision == "fail" for path in at_zero)
    passed = sum(run(path, SequentialTest(fail_at=1e300)).decision == "pass" for path in at_margin)
    assert failed / 200 <= 0.02
    assert passed / 200 <= 0.05


def test_starts_without_evidence_or_decision() -> None:
    state = SequentialTest()
    assert (state.decision, state.cases) == ("continue", 0)
    assert (state.evidence_against_no_worse, state.evidence_against_worse) == (1, 1)


def test_evidence_is_the_mean_wealth_of_its_bets() -> None:
    state = run([1.0, 0.0, -0.5], UNLIMITED)
    stakes = (0.2, 0.45, 0.95)
    no_worse = sum((1 + b) * 1 * (1 - b / 2) for b in stakes) / 3
    worse = sum(math.prod(1 + b * (0.05 - d) / 0.95 for d in (1.0, 0.0, -0.5)) for b in stakes) / 3
    assert state.evidence_against_no_worse == pytest.approx(no_worse)
    assert state.evidence_against_worse == pytest.approx(worse)


def test_a_decision_is_final() -> None:
    state = run([1.0] * 50, SequentialTest())
    assert state.decision == "fail"
    assert state.cases == 9  # (1.2^9 + 1.45^9 + 1.95^9)/3 is above 100
    assert state.evidence_against_no_worse >= 100
    assert state.update(-1.0) is state


def test_updating_leaves_the_old_state_alone() -> None:
    state = SequentialTest()
    assert state.update(1.0) != state == SequentialTest()


def test_limits_decide() -> None:
    assert run([0.0] * 500, SequentialTest()).decision == "pass"
    assert run([0.0] * 500, SequentialTest(pass_at=1e30)).decision == "continue"
    assert run([1.0] * 3, SequentialTest(fail_at=2.0)).decision == "fail"
    wide, narrow = (run([0.0] * 500, SequentialTest(margin=margin)).cases for margin in (0.2, 0.05))
    assert wide < narrow


@given(st.lists(st.floats(-1, 1), max_size=30), st.floats(0.01, 0.9))
@settings(deadline=None)
def test_evidence_is_positive_and_finite(differences: list[float], margin: float) -> None:
    state = run(differences, SequentialTest(margin=margin, fail_at=1e300, pass_at=1e300))
    assert state.cases == len(differences)
    for evidence in (state.evidence_against_no_worse, state.evidence_against_worse):
        assert 0 < evidence < math.inf


def test_fractions_are_as_good_as_floats() -> None:
    assert SequentialTest().update(Fraction(1, 4)) == SequentialTest().update(0.25)


@pytest.mark.parametrize("wrong", [1.01, -1.01, math.nan])
def test_refuses_what_is_not_a_difference_of_rates(wrong: float) -> None:
    with pytest.raises(ValueError, match="difference"):
        SequentialTest().update(wrong)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"margin": 0.0}, "margin"),
        ({"margin": 1.0}, "margin"),
        ({"fail_at": 1.0}, "fail_at"),
        ({"pass_at": 0.5}, "pass_at"),
    ],
)
def test_refuses_limits_that_mean_nothing(wrong: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        SequentialTest(**wrong)  # type: ignore[arg-type]
