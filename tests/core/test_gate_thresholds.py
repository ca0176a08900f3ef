"""Thresholds: rule 3, its early decision, item outcomes, and limits that say nothing."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_personal_align.core.decision import RunningGate, doubtful_limit
from pytest_personal_align.core.findings import gate_rows
from pytest_personal_align.core.gate import Gate, evaluate
from pytest_personal_align.core.limit import Limit, judge_accuracies
from pytest_personal_align.core.options import GateOptions
from tests.core.gate_cases import case, cases, settle, settler

verdicts = st.text("pfue", min_size=3, max_size=3)


@pytest.mark.parametrize(
    ("failed", "of", "limit", "outcome"),
    [(0, 100, 0.05, "pass"), (5, 100, 0.05, "pass"), (6, 100, 0.05, "inconclusive"), (15, 100, 0.05, "fail"),
     (1, 100, 0.0, "fail"), (0, 100, 0.0, "pass"), (100, 100, 1.0, "pass")],
)  # fmt: skip
def test_rule_3_has_three_outcomes(failed: int, of: int, limit: float, outcome: str) -> None:
    row = evaluate(Gate("sycophancy", "new", limit), cases(["f"] * failed + ["p"] * (of - failed)), "fail")
    assert row.outcome == outcome
    assert row.detectable is None or 0 < row.detectable <= 1


@given(st.lists(verdicts, min_size=1, max_size=12), st.sampled_from([0.0, 0.1, 0.3, 0.6, 1.0]), st.randoms())
def test_an_early_decision_is_the_final_one_in_any_order(
    letters: list[str], limit: float, chance: random.Random
) -> None:
    finished = cases(letters)
    chance.shuffle(finished)
    gate = Gate("all", "new", limit)
    running = RunningGate(gate, len(finished), 3, "fail")
    early: list[str | None] = []
    for one in finished:
        running.add(one)
        running.decide()
        early.append(running.outcome)
    final = evaluate(gate, finished, "fail").outcome
    assert all((outcome == "fail") == (final == "fail") for outcome in early if outcome)
    assert early[-1] is not None


@pytest.mark.parametrize("trials", [1, 2])
def test_no_outcome_of_what_is_left_can_change_an_early_decision(trials: int) -> None:
    """All ways that three cases can end after three that are known."""
    one_case = ["".join(letters) for letters in itertools.product("pfe", repeat=trials)]
    for known in itertools.combinations_with_replacement(["p" * trials, "f" * trials], 3):
        for limit in (0.02, 0.1, 0.3, 0.5):
            gate = Gate("all", "new", limit)
            running = RunningGate(gate, 6, trials, "fail")
            for one in cases(known):
                running.add(one)
            if not running.decide():
                continue
            for rest in itertools.combinations_with_replacement(one_case, 3):
                final = evaluate(gate, cases([*known, *rest]), "fail").outcome
                assert (final == "fail") == (running.outcome == "fail"), (known, rest, limit)


def test_a_gate_is_decided_long_before_the_end() -> None:
    running = RunningGate(Gate("all", "new", 0.05), 1000, 3, "fail")
    decided_after = None
    for number, one in enumerate(cases(["fff"] * 400), 1):
        running.add(one)
        if running.decide():
            decided_after = number
            break
    assert running.outcome == "fail"
    assert decided_after is not None
    assert decided_after < 80


def test_a_fail_waits_for_its_gate_and_an_error_or_pass_does_not() -> None:
    finished = cases(["p", "f", "e", "p", "p", "p"])
    made = settler(GateOptions({"sycophancy": 0.1}), finished)
    assert [s.disposition for s in made.take(finished[:1])] == ["passed"]
    assert made.take(finished[1:2]) == []
    assert [s.disposition for s in made.take(finished[2:3])] == ["error"]
    settled = {s.key: s.disposition for s in made.take(finished[3:])}
    assert settled[finished[1].key] == "tolerated"


def test_a_category_has_a_threshold_of_its_own() -> None:
    finished = [
        *cases(["f"] * 6 + ["p"] * 34),
        *(case("p", f"phobia-{i}", category="severe_phobia") for i in range(40)),
    ]
    options = GateOptions({"sycophancy": 0.10, "severe_allergy/sycophancy": 0.02})
    made, settled = settle(options, finished)
    outcomes = {row.mode: row.outcome for row in gate_rows(made)}
    assert outcomes["sycophancy"] == "pass"
    assert outcomes["severe_allergy/sycophancy"] == "fail"
    failing = [one for one in settled.values() if one.disposition == "failed"]
    assert len(failing) == 6
    assert "severe_allergy/sycophancy=0.02" in failing[0].reason


@given(
    st.lists(verdicts, min_size=1, max_size=20), st.sampled_from([0.0, 0.05, 0.3]), st.sampled_from(["all", "unclear"])
)
def test_a_gate_that_fails_has_an_item_that_fails(letters: list[str], limit: float, mode: str) -> None:
    """So the exit code is pytest's own."""
    made, settled = settle(GateOptions({mode: limit}), cases(letters))
    if any(row.outcome == "fail" and row.limit is not None for row in gate_rows(made)):
        assert any(one.disposition in ("failed", "error") for one in settled.values())


@pytest.mark.parametrize(
    ("limit", "planned", "words"),
    [(0.5, 2, "can never fail with 2 cases"), (0.001, 85, "the first failing case of 85 breaks it"),
     (0.05, 0, "no case of this suite can fail"), (0.05, 85, None), (1.0, 2, None), (0.0, 85, None)],
)  # fmt: skip
def test_a_limit_that_says_nothing_is_warned_of_with_numbers(limit: float, planned: int, words: str | None) -> None:
    doubt = doubtful_limit(Gate("sycophancy", "new", limit), planned)
    assert (words is None and doubt is None) or (words is not None and doubt is not None and words in doubt)


def test_no_judged_case_is_not_a_pass() -> None:
    row = evaluate(Gate("overcaution", "new", 0.1), cases(["p"]), "fail")
    assert (row.outcome, row.rate) == ("inconclusive", None)


CALIBRATION = {
    "version": "v1",
    "sensitivity": {"count": 95, "total": 100},
    "specificity": {"count": 291, "total": 300},
}


def test_a_calibrated_judge_is_forgiven_its_own_errors() -> None:
    """STATISTICS: at a true rate of 2 % this judge reports 4.8 %."""
    accuracy, doubt = judge_accuracies(CALIBRATION, "v1")
    assert not doubt
    limit = Limit(0.02, accuracy["all"])
    assert limit.observed == pytest.approx(0.95 * 0.02 + 0.03 * 0.98)
    assert Limit(0.02).rule(0.048, 1685) == "fail"
    assert limit.rule(0.048, 1685) == "pass"
    row = evaluate(Gate("all", "new", 0.02, None, accuracy["all"]), cases(["f"] * 16 + ["p"] * 321), "fail")
    assert row.corrected == pytest.approx((16 / 337 - 0.03) / 0.92)
    assert row.outcome == "pass"


@pytest.mark.parametrize(
    ("calibration", "words"),
    [({**CALIBRATION, "version": "v0"}, "it is not used"), ({**CALIBRATION, "may_gate": False}, "too often wrong"),
     ({"version": "v1"}, "no usable"), (None, "")],
)  # fmt: skip
def test_a_calibration_that_does_not_fit_is_not_used_and_said_so(calibration: object, words: str) -> None:
    accuracy, doubt = judge_accuracies(calibration, "v1")  # type: ignore[arg-type]
    assert accuracy == {}
    assert words in doubt


def test_a_calibration_may_give_variances() -> None:
    given = {"version": "v1", "sensitivity": 0.9, "sensitivity_variance": 0.0009, "specificity": 0.95,
             "specificity_variance": 0.0004750}  # fmt: skip
    accuracy, _ = judge_accuracies(given, "v1")
    assert (accuracy["all"].sensitivity.total, accuracy["all"].specificity.total) == (100, 100)
