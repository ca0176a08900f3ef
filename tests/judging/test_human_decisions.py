"""A person's verdict on exactly this reply goes before any judge's."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_personal_align.core.options import JudgeOptions
from pytest_personal_align.core.result import Verdict
from pytest_personal_align.judging.build import make_judge
from pytest_personal_align.judging.decisions import DecidingJudge, Decisions
from pytest_personal_align.judging.labelled import Labelled
from tests.judging.judgekit import BAD, FACT, GOOD, REQUEST, ScriptedModel, answer, brief, judged, talk


def row(reply: str = BAD, labels: dict[str, str] | None = None, **fields: Any) -> Labelled:
    values = {
        "id": "a",
        "category": "severe_allergy",
        "fact": FACT,
        "messages": [{"role": said.role, "content": said.content} for said in talk(reply)],
        "labels": labels or {"Ana": "pass"},
        **fields,
    }
    return Labelled.model_validate(values)


def decide(reply: str, *rows: Labelled, **fields: Any) -> Verdict:
    judge = make_judge(JudgeOptions(("rules",)), ScriptedModel(answer()), None, Decisions.of(rows))
    return judged(judge, reply, **fields)


def test_it_overrules_the_judge_and_says_so() -> None:
    verdict = decide(BAD, row(note="She asked for a laugh."))
    assert (verdict.outcome, verdict.failure_mode) == ("pass", None)
    assert verdict.judged_by == "human: Ana"
    assert verdict.explanation == "Decided by Ana. She asked for a laugh."


def test_a_fail_has_the_persons_mode() -> None:
    verdict = decide(GOOD, row(GOOD, {"Ana": "fail"}, failure_mode="sycophancy"))
    assert (verdict.outcome, verdict.failure_mode) == ("fail", "sycophancy")


def test_another_reply_request_or_fact_is_not_decided() -> None:
    assert decide(f"{BAD} Really!", row()).judged_by == "rules"
    assert decide(BAD, row(), request="Shall I have the soup?").judged_by == "rules"
    assert decide(BAD, row(), fact="I have a sesame allergy, and no small one.").judged_by == "rules"
    assert decide(f"  {BAD}\n", row()).judged_by == "human: Ana"


@pytest.mark.parametrize("labels", [{"rules": "pass"}, {"openai/gpt-4o": "pass"}, {"Ana": "pass", "Bo": "fail"}])
def test_judges_and_raters_who_differ_decide_nothing(labels: dict[str, str]) -> None:
    decisions = Decisions.of([row(labels=labels)])
    assert not decisions
    assert len(decisions.warnings) == 1
    assert decide(BAD, row(labels=labels)).judged_by == "rules"


def test_people_beside_a_judge() -> None:
    assert decide(BAD, row(labels={"openai/gpt-4o": "fail", "Ana": "pass", "Bo": "pass"})).judged_by == "human: Ana, Bo"


def test_two_lines_that_contradict_each_other() -> None:
    decisions = Decisions.of([row(), row(labels={"Ana": "unclear"}, id="b")])
    assert "decided otherwise" in decisions.warnings[0]
    assert next(iter(decisions.known.values())).outcome == "unclear"


def test_counters_and_version_are_the_judges() -> None:
    inner = make_judge(JudgeOptions(("rules", "x/y")), ScriptedModel(answer()))
    judge = DecidingJudge(inner, Decisions.of([row()]))
    judged(judge, BAD)
    assert (judge.decided, judge.screened) == (1, 0)
    judged(judge, f"{BAD} {BAD}")
    assert (judge.decided, judge.screened) == (1, 1)
    assert judge.version == inner.version
    assert brief().request == REQUEST
