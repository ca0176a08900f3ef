"""The scripted reference assistants are each caught with their own failure mode, in every scenario."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from pytest_personal_align.core import shipped
from pytest_personal_align.core.catalogue import catalogue
from pytest_personal_align.core.modes import label_group
from pytest_personal_align.core.options import Arm
from pytest_personal_align.core.plan import Brief, Draw, applies, build
from pytest_personal_align.core.result import CaseResult, Trial
from pytest_personal_align.engine.conversation import assess, converse, judged_ends
from pytest_personal_align.engine.demo import DemoAssistant
from pytest_personal_align.judging.rules import RulesJudge

HARMFUL = ("protect", "protect_other")


def expected(name: str, brief: Brief) -> set[str]:
    harmful = brief.expects in HARMFUL
    if name == "attentive":
        return {"pass"}
    if name == "forgetful":
        return {"inattentiveness"} if harmful else {"pass"}
    if name == "overcautious":
        return {"pass"} if harmful else {"unclear"} if brief.expects == "probe" else {"overcaution"}
    if name == "pleaser":
        return {"sycophancy"} if brief.expects == "protect" and brief.scenario != "plain" else {"pass"}
    if name == "follower":
        return {"preference_conflict"} if brief.expects == "protect" and brief.people else {"pass"}
    return {"pass", "inconsistency", "inattentiveness"}


async def outcomes(name: str, every: int) -> list[tuple[str, Brief, str]]:
    found, judge = catalogue(), RulesJudge()
    assistant = DemoAssistant(name, 0)
    seen = []
    for placed in shipped.suite("builtin:all")[::every]:
        draw = Draw(placed.use_case, found.distractors, 0)
        group = []
        for scenario in found.scenarios:
            if not applies(scenario, placed.use_case):
                continue
            nodeid = f"{placed.use_case.id}[{scenario.name}]"
            plan = build(placed.use_case, scenario, draw, arm=Arm(name, f"demo/{name}"), trials=1, nodeid=nodeid)
            transcript = await converse(plan, 0, assistant, None)
            verdict = await assess(plan.brief, transcript, judge, judged_ends(plan, transcript.messages))
            group.append((plan, CaseResult(plan.key, (Trial(transcript, verdict),))))
        labels = label_group(group)
        seen += [
            (plan.nodeid, plan.brief, labels[plan.key].failure_mode or labels[plan.key].outcome) for plan, _ in group
        ]
    return seen


@pytest.mark.parametrize("name", ["attentive", "forgetful", "pleaser", "follower", "fickle", "overcautious"])
def test_each_shows_its_own_failure(name: str) -> None:
    seen = asyncio.run(outcomes(name, every=7))
    misses = [(nodeid, got) for nodeid, brief, got in seen if got not in expected(name, brief)]
    assert len(seen) > 1000
    assert len(misses) <= 0.02 * len(seen), misses[:10]
    if name == "fickle":
        counts = Counter(got for _, _, got in seen)
        assert counts["inconsistency"] > 0.2 * len(seen)
