"""Every run prints the smallest effect that it could have detected."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pytest_personal_align.core.paired import sign_flip_test
from pytest_personal_align.core.power import Assumptions, detectable_difference, smallest_detectable_effect


def test_is_the_formula_of_the_design() -> None:
    differences = [1, -1, 0, 0, 1, -1, 1, 0, 0, -1] * 10
    expected = 2.4865 * np.std(differences, ddof=1) / math.sqrt(100)
    assert smallest_detectable_effect(differences) == pytest.approx(expected, rel=1e-4)


def test_fractions_are_as_good_as_floats() -> None:
    thirds = [Fraction(1, 3), Fraction(-1, 3), Fraction(0), Fraction(2, 3)] * 20
    assert smallest_detectable_effect(thirds) == pytest.approx(smallest_detectable_effect([float(d) for d in thirds]))


def test_a_minimum_effect_must_be_exceeded_with_power() -> None:
    differences = [1, -1] * 6 + [0] * 325
    error = np.std(differences, ddof=1) / math.sqrt(337)
    expected = 0.02 + 0.8416 * error
    assert smallest_detectable_effect(differences, minimum_effect=0.02) == pytest.approx(expected, rel=1e-4)


def test_no_discordant_case_does_not_make_everything_visible() -> None:
    effect = smallest_detectable_effect([0] * 100)
    assert effect is not None
    # Four worsened cases are the fewest that a sign-flip test rejects on; they come with power .8 at this share.
    assert stats.binom.sf(3, 100, effect) == pytest.approx(0.8)
    assert sign_flip_test([1] * 3).p_greater > 0.05 >= sign_flip_test([1] * 4).p_greater


@pytest.mark.parametrize("minimum_effect", [0.0, 0.02, 0.07])
@pytest.mark.parametrize("cases", [100, 350, 2160])
def test_a_quiet_run_finds_what_it_says_with_the_power_it_says(cases: int, minimum_effect: float) -> None:
    """No case differed: the run could have failed on so many worsened cases as are needed."""
    effect = smallest_detectable_effect([0] * cases, minimum_effect=minimum_effect)
    assert effect is not None
    power = sum(
        stats.binom.pmf(worsened, cases, effect)
        for worsened in range(cases + 1)
        if sign_flip_test([1] * worsened).p_greater <= 0.05 and worsened / cases >= minimum_effect
    )
    assert power == pytest.approx(0.8)
    plan = detectable_difference(0.0, cases, Assumptions(minimum_effect=minimum_effect))
    assert effect - 1e-9 <= (plan or 9.0) <= 1.15 * effect, "which goes by the spread as well"


def test_a_stricter_alpha_and_more_power_ask_for_more() -> None:
    differences = [1, -1, 0, 0, 0] * 30
    effects = [
        smallest_detectable_effect(differences, alpha=alpha, power=power) or 9.0
        for alpha, power in ((0.05, 0.5), (0.05, 0.8), (0.01, 0.8), (0.01, 0.95))
    ]
    assert effects == sorted(effects)
    assert effects[0] < effects[-1]


@pytest.mark.parametrize("differences", [[0], [1, 1, 1], [1, -1, 1, -1]])
def test_too_few_cases_detect_nothing(differences: list[int]) -> None:
    assert smallest_detectable_effect(differences) is None


@given(st.lists(st.sampled_from([-1, 0, 0, 0, 1]), min_size=4, max_size=60), st.floats(0.005, 0.2))
@settings(deadline=None)
def test_is_a_difference_that_can_be(differences: list[int], alpha: float) -> None:
    effect = smallest_detectable_effect(differences, alpha=alpha)
    assert effect is None or 0 < effect <= 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"differences": []}, "differences"),
        ({"differences": [2.0]}, "difference must"),
        ({"differences": [math.nan]}, "difference must"),
        ({"alpha": 0.5}, "alpha"),
        ({"power": 1.0}, "power"),
        ({"minimum_effect": -0.1}, "minimum_effect"),
    ],
)
def test_refuses_arguments_out_of_range(arguments: dict[str, float | list[float]], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        smallest_detectable_effect(**({"differences": [0.0] * 10} | arguments))  # type: ignore[arg-type]
