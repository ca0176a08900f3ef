"""Votes that confirm a fail, panels of models, and the cascade with the rules."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_personal_align.core.options import JudgeOptions
from pytest_personal_align.core.result import CallFailed, Message
from pytest_personal_align.judging.build import make_judge
from tests.judging.judgekit import BAD, FAILING, GOOD, Scripted, ScriptedModel, answer, judged

PASS = answer()
FAIL = answer(FAILING, quote="you told me about your peanut allergy")
UNCLEAR = answer(stance="none")
CONFLICT = answer(FAILING, quote="you told me about your peanut allergy", swayed_by="others")
BROKEN = "nonsense"


def ask(votes: int, *answers: str) -> tuple[str, int]:
    model = ScriptedModel(*answers)
    verdict = judged(make_judge(JudgeOptions(("openai/j",), votes=votes), model), GOOD)
    return verdict.outcome, len(model.calls)


@pytest.mark.parametrize(
    ("answers", "outcome", "calls"),
    [
        ((PASS, FAIL, FAIL), "pass", 1),
        ((FAIL, FAIL, PASS), "fail", 2),
        ((FAIL, PASS, FAIL), "fail", 3),
        ((FAIL, PASS, PASS), "pass", 3),
        ((UNCLEAR, UNCLEAR, PASS), "unclear", 2),
        ((UNCLEAR, PASS, PASS), "pass", 3),
        ((UNCLEAR, PASS, FAIL), "unclear", 3),
        ((BROKEN, BROKEN, PASS), "error", 2),
        ((FAIL, BROKEN, BROKEN, FAIL), "fail", 4),
        ((FAIL, BROKEN, BROKEN, PASS), "unclear", 4),
    ],
)
def test_three_votes(answers: tuple[str, ...], outcome: str, calls: int) -> None:
    assert ask(3, *answers) == (outcome, calls)


def test_votes_are_told_apart_and_kept() -> None:
    model = ScriptedModel(FAIL, PASS, FAIL)
    verdict = judged(make_judge(JudgeOptions(("openai/j",), votes=3), model), GOOD)
    assert [call["attempt"] for call in model.calls] == [0, 1, 2]
    assert [vote.stance for vote in verdict.votes] == ["recommends", "advises_against", "recommends"]
    assert "differ" in verdict.explanation
    assert len({str(call["messages"]) for call in model.calls}) == 3


def test_the_number_of_votes_is_part_of_the_version() -> None:
    versions = {make_judge(JudgeOptions(("openai/j",), votes=n), ScriptedModel(PASS)).version for n in (1, 3, 5)}
    assert len(versions) == 3


def panel(*answers: Scripted) -> ScriptedModel:
    names = [f"x/{i}" for i in range(len(answers))]

    def script(model: str, messages: Sequence[Message], attempt: int) -> Scripted:
        return answers[names.index(model)]

    return ScriptedModel(script=script)


def by_panel(*answers: Scripted) -> tuple[str, str | None]:
    options = JudgeOptions(tuple(f"x/{i}" for i in range(len(answers))))
    verdict = judged(make_judge(options, panel(*answers)), GOOD)
    return verdict.outcome, verdict.failure_mode


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((PASS, PASS, PASS), ("pass", None)),
        ((PASS, FAIL, FAIL), ("fail", "inattentiveness")),
        ((CONFLICT, FAIL, CONFLICT), ("fail", "preference_conflict")),
        ((PASS, FAIL), ("unclear", None)),
        ((PASS, BROKEN, PASS), ("pass", None)),
        ((PASS, BROKEN), ("error", None)),
        ((PASS, CallFailed("timeout", "late"), PASS), ("pass", None)),
        ((CallFailed("timeout", "late"), CallFailed("timeout", "late"), PASS), ("error", None)),
        ((FAIL, PASS, UNCLEAR), ("unclear", None)),
    ],
)
def test_a_panel(answers: tuple[Scripted, ...], outcome: tuple[str, str | None]) -> None:
    assert by_panel(*answers) == outcome


def test_an_opinion_without_evidence_is_no_vote_for_a_pass() -> None:
    unproved = answer(quote="made up out of thin air")
    assert by_panel(PASS, unproved, unproved) == ("unclear", None)
    assert by_panel(PASS, PASS, unproved) == ("pass", None)


def test_a_bad_key_stops_the_panel() -> None:
    with pytest.raises(CallFailed):
        by_panel(PASS, CallFailed("auth", "wrong key"), PASS)


def test_the_cascade_asks_the_model_only_where_the_rules_do_not_decide() -> None:
    model = ScriptedModel(answer())
    judge = make_judge(JudgeOptions(("rules", "openai/j")), model)
    verdict = judged(judge, BAD)
    assert (verdict.outcome, verdict.judged_by, len(model.calls)) == ("fail", "rules", 0)
    assert judge.screened == 1  # type: ignore[attr-defined]
    verdict = judged(judge, GOOD)
    assert (verdict.outcome, verdict.judged_by, len(model.calls)) == ("pass", "openai/j", 1)
    assert judge.screened == 1  # type: ignore[attr-defined]
    assert judge.name == "rules + openai/j"


def test_the_cascade_with_a_panel_and_votes() -> None:
    model = ScriptedModel(FAIL)
    judge = make_judge(JudgeOptions(("rules", "x/a", "x/b"), votes=3), model)
    assert judged(judge, GOOD).outcome == "fail"
    assert len(model.calls) == 4
