"""The table of a run with remedies: what each changes, with p, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_personal_align.core import record as r
from pytest_personal_align.core.paired import holm_adjust, sign_flip_test
from pytest_personal_align.core.result import FailureMode, Message, Outcome, Usage
from pytest_personal_align.report.remedies import RemedyRow, remedy_markdown, remedy_rows, remedy_tables
from pytest_personal_align.report.terminal import summary_lines

Told = tuple[Outcome, FailureMode | None]
FAIL: Told = ("fail", "inattentiveness")
CARE: Told = ("fail", "overcaution")
PASS: Told = ("pass", None)
UNCLEAR: Told = ("unclear", None)
ERROR: Told = ("error", None)


def trial(told: Told, calls: int | None, aside: bool = False) -> r.TrialRecord:
    outcome, mode = told
    messages = [Message("user", "Hi"), Message("assistant", "Hello."), Message("user", "?"), Message("assistant", "!")]
    part = {"stepped_aside": "why"} if aside else {"route": "plain"}
    turn = {"remedy": "x", "calls": calls, "risk-assessment": part}
    return r.TrialRecord(
        outcome=outcome,
        failure_mode=mode,
        messages=[] if outcome == "error" else messages,
        usage=Usage() if outcome == "error" else Usage(100, 20),
        seconds=1.5,
        notes={} if calls is None else {"0": turn, "1": turn},
        error=r.ErrorInfo(kind="provider", message="down") if outcome == "error" else None,
    )


def case(arm: str, number: int, *trials: r.TrialRecord, expects: Any = "protect", mode: Any = None) -> r.CaseRecord:
    found = mode or next((one.failure_mode for one in trials if one.failure_mode), None)
    worst = next(o for o in ("fail", "error", "unclear", "pass") if any(t.outcome == o for t in trials))
    scenario = "alone" if expects == "protect" else "control"
    return r.CaseRecord(nodeid=f"c{number}[{scenario}-{arm}]", key=f"{arm}{number}{scenario}", use_case=f"c{number}",
                        category="severe_allergy", scenario=scenario, arm=arm, expects=expects, outcome=worst,  # type: ignore[arg-type]
                        failure_mode=found, trials=list(trials))  # fmt: skip


def run_of(cases: list[r.CaseRecord], *arms: r.ArmInfo) -> r.RunRecord:
    info = r.RunInfo(id="1", started="2026-01-01T00:00:00+00:00", command=["pytest"], versions={}, seed=0)
    return r.RunRecord(run=info, arms=list(arms), judge=r.JudgeInfo(name="rules", version="1"), cases=cases)


BASE = r.ArmInfo(name="none", model="demo/x")
CAREFUL = r.ArmInfo(name="careful", model="demo/x", remedy="risk-assessment")
REFUSING = r.ArmInfo(name="refusing", model="demo/x", remedy="guiding-prompt")


def both() -> list[RemedyRow]:
    """Ten hazards and ten harmless cases: the base fails 8 hazards; careful 2; refusing 0, and all harmless ones."""
    cases = []
    for n in range(10):
        cases += [
            case("none", n, trial(FAIL if n < 8 else PASS, None)),
            case("none", n, trial(PASS, None), expects="allow"),
            case("careful", n, trial(FAIL if n < 2 else PASS, 3, aside=n == 0)),
            case("careful", n, trial(UNCLEAR if n == 0 else PASS, 3), expects="allow"),
            case("refusing", n, trial(PASS, 1)),
            case("refusing", n, trial(CARE, 1), expects="allow"),
        ]
    return remedy_rows(run_of(cases, BASE, CAREFUL, REFUSING), lambda arm, usage: usage.prompt_tokens * 0.01)


def test_a_run_without_remedies_has_no_table() -> None:
    assert remedy_rows(run_of([case("none", 0, trial(PASS, None))], BASE)) == []
    assert remedy_tables([]) == []
    assert remedy_markdown([], str) == ""


def test_rates_are_over_hazards_and_over_harmless_cases() -> None:
    base, careful, refusing = both()
    assert [row.fails.rate if row.fails else None for row in (base, careful, refusing)] == [0.8, 0.2, 0]
    assert [row.overcaution.rate if row.overcaution else None for row in (base, careful, refusing)] == [0, 0, 1]
    assert base.modes == {"inattentiveness": pytest.approx(0.8)}
    assert careful.unclear == 0.05


def test_a_remedy_that_refuses_everything_is_visibly_worse() -> None:
    row = both()[2]
    assert row.fails_change is not None
    assert row.overcaution_change is not None
    assert (row.fails_change.difference, row.overcaution_change.difference) == (-0.8, 1.0)
    assert row.overcaution_change.p < 0.05


def test_changes_are_paired_and_adjusted_over_the_table() -> None:
    base, careful, refusing = both()
    assert base.fails_change is None
    raw = [sign_flip_test([-1] * 6).p_two_sided, 1.0, sign_flip_test([-1] * 8).p_two_sided,
           sign_flip_test([1] * 10).p_two_sided]  # fmt: skip
    changes = [careful.fails_change, careful.overcaution_change, refusing.fails_change, refusing.overcaution_change]
    assert [change.p if change else None for change in changes] == pytest.approx(list(holm_adjust(raw)))
    assert careful.fails_change is not None
    assert (careful.fails_change.use_cases, careful.fails_change.discordant) == (10, 6)
    assert careful.fails_change.low < -0.6 < careful.fails_change.high


def test_the_scenarios_of_a_use_case_are_one_pair() -> None:
    cases = [
        case(name, n, trial(FAIL if name == "none" else PASS, 1)).model_copy(update={"scenario": scenario})
        for n in range(3)
        for scenario in ("alone", "plain", "three-people")
        for name in ("none", "careful")
    ]
    change = remedy_rows(run_of(cases, BASE, CAREFUL))[1].fails_change
    assert change is not None
    assert (change.use_cases, change.difference) == (3, -1)
    assert change.p == pytest.approx(sign_flip_test([-1] * 3).p_two_sided)


def test_costs_are_those_of_one_conversation_by_itself() -> None:
    base, careful, _ = both()
    assert (base.calls, base.tokens, base.seconds, base.cost) == (2, 120, 1.5, pytest.approx(1.0))
    assert (careful.calls, careful.conversations, careful.aside, base.aside) == (6, 20, 1, 0)


def test_errors_are_counted_and_left_out_of_rates_means_and_pairs() -> None:
    cases = [
        case("none", 0, trial(FAIL, None), trial(PASS, None)),
        case("careful", 0, trial(PASS, 3), trial(ERROR, None)),
        case("none", 1, trial(ERROR, None), trial(ERROR, None)),
        case("careful", 1, trial(FAIL, 3), trial(FAIL, 3)),
    ]
    base, careful = remedy_rows(run_of(cases, BASE, CAREFUL))
    assert (base.errors, careful.errors, base.conversations) == (2, 1, 2)
    assert base.fails is not None
    assert base.fails.rate == 0.5
    assert careful.calls == 6
    assert careful.fails_change is not None
    assert (careful.fails_change.difference, careful.fails_change.use_cases) == (-1, 1)


def test_a_case_that_is_inconsistent_beside_others_is_counted_so() -> None:
    cases = [case("careful", 0, trial(FAIL, 1), mode="inconsistency")]
    assert remedy_rows(run_of(cases, CAREFUL))[0].modes == {"inconsistency": 1}


def test_an_arm_is_compared_with_its_own_model_and_prompt() -> None:
    other = r.ArmInfo(name="other", model="demo/y", remedy="reminder")
    cases = [case(name, 0, trial(FAIL, 1)) for name in ("none", "careful", "other")]
    _, careful, alone = remedy_rows(run_of(cases, BASE, CAREFUL, other))
    assert careful.fails_change is not None
    assert alone.fails_change is None
    assert remedy_tables([careful, alone])[0][1][1][0] == "other"


def test_the_terminal_shows_it_on_80_columns() -> None:
    cases = [case(name, n, trial(FAIL, 2)) for n in range(3) for name in ("none", "long")]
    long = r.ArmInfo(name="long", model="demo/x", remedy="user-model+risk-assessment+self-reflection")
    lines = summary_lines(run_of(cases, BASE, long))
    assert all(len(line) <= 80 for line in lines)
    assert any(line.split()[:3] == ["remedy", "fails", "change"] for line in lines)
    assert any(line.split()[:2] == ["a", "conversation"] for line in lines)
    assert not any("a conversation" in line for line in summary_lines(run_of(cases[::2], BASE)))


def test_markdown_has_a_row_a_remedy_and_escapes_names() -> None:
    text = remedy_markdown(both(), lambda name: f"<{name}>")
    assert text.startswith("| remedy | fails | change | p | overcaution | change | p | unclear |\n|---|---:|")
    assert "| <guiding-prompt> | 0.0% | −80.0 | " in text
    assert "| $1.00 |" in text


def test_nothing_judged_is_a_dash_and_not_a_zero() -> None:
    (row,) = remedy_rows(run_of([case("careful", 0, trial(ERROR, None))], CAREFUL))
    assert (row.fails, row.overcaution, row.unclear, row.calls, row.cost) == (None, None, None, None, None)
    assert "–" in remedy_markdown([row], str)
