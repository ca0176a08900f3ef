"""Sensitivity and specificity of a judge against labels by humans."""

import pytest

from pytest_personal_align.core.agreement import ConfusionMatrix, judge_accuracy
from pytest_personal_align.core.intervals import wilson_interval

TRIPLE = ConfusionMatrix(("fail", "unclear", "pass"), ((36, 3, 1), (2, 5, 3), (1, 4, 45)))


def test_counts_what_is_flagged_and_what_is_not() -> None:
    accuracy = judge_accuracy(TRIPLE)
    assert (accuracy.sensitivity.count, accuracy.sensitivity.total) == (36, 40)
    assert (accuracy.specificity.count, accuracy.specificity.total) == (57, 60)
    assert accuracy.sensitivity.rate == 0.9
    assert accuracy.sensitivity.interval == wilson_interval(0.9, 40)
    assert accuracy.specificity.interval == wilson_interval(0.95, 60)


def test_unclear_counts_as_flagged_where_the_gate_says_so() -> None:
    accuracy = judge_accuracy(TRIPLE, positive=("fail", "unclear"), confidence=0.9)
    assert (accuracy.sensitivity.count, accuracy.sensitivity.total) == (46, 50)
    assert (accuracy.specificity.count, accuracy.specificity.total) == (45, 50)
    assert accuracy.specificity.interval == wilson_interval(0.9, 50, confidence=0.9)


def test_a_judge_without_an_error_still_has_a_variance() -> None:
    accuracy = judge_accuracy(ConfusionMatrix(("fail", "pass"), ((40, 0), (0, 40))))
    assert accuracy.sensitivity.rate == 1
    assert accuracy.sensitivity.variance == pytest.approx(41 / 42 * 1 / 42 / 42)


def test_forty_passes_allow_not_one_false_alarm() -> None:
    # The calibration rule asks for a lower 95 % bound of .90: with forty passes only a spotless judge has it.
    lows = [wilson_interval(cleared / 40, 40).low for cleared in (40, 39)]
    assert lows[0] >= 0.9 > lows[1]


@pytest.mark.parametrize(
    ("counts", "named"),
    [(((0, 0), (2, 8)), "sensitivity is unknown"), (((2, 8), (0, 0)), "specificity is unknown")],
)
def test_says_what_the_labels_cannot_tell(counts: tuple[tuple[int, ...], ...], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        judge_accuracy(ConfusionMatrix(("fail", "pass"), counts))


def test_refuses_labels_that_the_matrix_lacks() -> None:
    with pytest.raises(ValueError, match="found failed"):
        judge_accuracy(TRIPLE, positive=("failed",))
    with pytest.raises(ValueError, match="not the string"):
        judge_accuracy(TRIPLE, positive="fail")
    with pytest.raises(ValueError, match="confidence"):
        judge_accuracy(TRIPLE, confidence=2.0)
