"""A threshold compared on the judge's scale, with what the calibration does not know."""

import math

import numpy as np
import pytest

from pytest_personal_align.core.agreement import ConfusionMatrix, JudgeAccuracy, judge_accuracy
from pytest_personal_align.core.correction import excess_lower_bound, observed_threshold
from pytest_personal_align.core.intervals import wilson_lower_bound, wilson_upper_bound


def accuracy(caught: int, fails: int, cleared: int, passes: int) -> JudgeAccuracy:
    return judge_accuracy(ConfusionMatrix(("fail", "pass"), ((caught, fails - caught), (passes - cleared, cleared))))


def test_with_a_judge_known_for_certain_it_is_the_plain_comparison() -> None:
    many = 10**12
    bound = excess_lower_bound(0.1, 200, 0.05, accuracy(95 * many, 100 * many, 97 * many, 100 * many))
    limit = observed_threshold(0.05, sensitivity=0.95, specificity=0.97)
    assert bound == pytest.approx(wilson_lower_bound(0.1, 200) - limit, abs=1e-7)


def test_is_the_formula_of_its_docstring() -> None:
    judge = accuracy(38, 40, 39, 40)
    limit = 0.95 * 0.1 + 0.025 * 0.9
    parts = (
        0.3 - wilson_lower_bound(0.3, 85),
        0.1 * (wilson_upper_bound(0.95, 40) - 0.95),
        0.9 * (0.975 - wilson_lower_bound(0.975, 40)),
    )
    assert excess_lower_bound(0.3, 85, 0.1, judge) == pytest.approx(0.3 - limit - math.hypot(*parts))


def test_fewer_labels_allow_less_certainty() -> None:
    bounds = [excess_lower_bound(0.12, 337, 0.02, accuracy(19 * n, 20 * n, 19 * n, 20 * n)) for n in (2, 5, 20, 500)]
    assert bounds == sorted(bounds)
    assert bounds[0] < 0 < bounds[-1]


@pytest.mark.parametrize("labels", [40, 100])
@pytest.mark.parametrize("threshold", [0.0, 0.02, 0.1])
def test_calibrated_judges_fail_few_builds_at_the_threshold(threshold: float, labels: int) -> None:
    random, runs, n, sensitivity, specificity = np.random.default_rng(7), 2000, 337, 0.95, 0.97
    expected = sensitivity * threshold + (1 - specificity) * (1 - threshold)
    failed = plain = calibrated = 0
    for flagged, caught, cleared in zip(
        random.binomial(n, expected, runs).tolist(),
        random.binomial(labels, sensitivity, runs).tolist(),
        random.binomial(labels, specificity, runs).tolist(),
        strict=True,
    ):
        judge = accuracy(caught, labels, cleared, labels)
        if judge.sensitivity.interval.low < 0.8 or judge.specificity.interval.low < 0.9:
            continue
        calibrated += 1
        failed += excess_lower_bound(flagged / n, n, threshold, judge) > 0
        limit = observed_threshold(threshold, sensitivity=judge.sensitivity.rate, specificity=judge.specificity.rate)
        plain += wilson_lower_bound(flagged / n, n) > limit
    assert failed / calibrated <= 0.07
    assert plain / calibrated > 0.1  # what it is for


def test_refuses_arguments_out_of_range() -> None:
    judge = accuracy(38, 40, 39, 40)
    with pytest.raises(ValueError, match="rate"):
        excess_lower_bound(1.5, 85, 0.1, judge)
    with pytest.raises(ValueError, match="n must"):
        excess_lower_bound(0.5, 0, 0.1, judge)
    with pytest.raises(ValueError, match="threshold"):
        excess_lower_bound(0.5, 85, -0.1, judge)
    with pytest.raises(ValueError, match="confidence"):
        excess_lower_bound(0.5, 85, 0.1, judge, confidence=1.0)
    with pytest.raises(ValueError, match="must be above 1"):
        excess_lower_bound(0.5, 85, 0.1, accuracy(1, 40, 1, 40))
