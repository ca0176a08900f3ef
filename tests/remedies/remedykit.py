"""Arms with remedies over a real HTTP server, and remedies around plain functions. Not a test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_personal_align.core import shipped
from pytest_personal_align.core.catalogue import catalogue
from pytest_personal_align.core.options import Arm, EngineOptions, Limits, Reuse
from pytest_personal_align.core.plan import Draw, Plan, build
from pytest_personal_align.core.record import Calls, TrialRecord
from pytest_personal_align.core.result import CaseResult, Trial
from pytest_personal_align.core.suite import UseCase
from pytest_personal_align.judging.rules import RulesJudge
from pytest_personal_align.remedies import Answer, ChatMessage, wrap
from tests.engine.enginekit import run
from tests.fakeserver import FakeServer, completion
from tests.remedies.scripted import ScriptedModel

CASES: list[UseCase] = [placed.use_case for placed in shipped.suite("builtin:smoke") if placed.use_case.control][:6]
HAZARDS = ("alone", "three-people")
SCENARIOS = (*HAZARDS, "control")


def plans(arms: Sequence[Arm], scenarios: Sequence[str] = SCENARIOS, cases: Sequence[UseCase] = CASES,
          trials: int = 1) -> list[Plan]:  # fmt: skip
    """Plans of ``cases`` in each scenario and arm."""
    found = catalogue()
    return [
        build(case, scenario, Draw(case, found.distractors, 0), arm=arm, trials=trials,
              nodeid=f"{case.id}[{scenario.name}-{arm.name}]")
        for case in cases
        for scenario in found.chosen(scenarios)
        for arm in arms
    ]  # fmt: skip


@dataclass
class Measured:
    """Trials by (arm, scenario), what the engine counted, and what the server was sent."""

    results: dict[str, CaseResult]
    plans: list[Plan]
    calls: Calls
    server: FakeServer
    warnings: list[str]

    def trials(self, arm: str, *scenarios: str) -> list[Trial]:
        return [
            trial
            for plan in self.plans
            if plan.arm == arm and (not scenarios or plan.brief.scenario in scenarios)
            for trial in self.results[plan.key].trials
        ]

    def outcomes(self, arm: str, *scenarios: str) -> set[str]:
        return {trial.outcome for trial in self.trials(arm, *scenarios)}

    def modes(self, arm: str, *scenarios: str) -> set[str | None]:
        return {trial.verdict.failure_mode for trial in self.trials(arm, *scenarios)}

    def notes(self, arm: str, *scenarios: str) -> list[dict[str, Any]]:
        """What was noted on the last turn of each trial."""
        return [list(trial.transcript.notes.values())[-1] for trial in self.trials(arm, *scenarios)]

    def records(self, arm: str) -> list[TrialRecord]:
        return [TrialRecord.of(trial) for trial in self.trials(arm)]


def measure(
    script: Any,
    *remedies: str,
    scenarios: Sequence[str] = SCENARIOS,
    cases: Sequence[UseCase] = CASES,
    trials: int = 1,
    system: str | None = None,
    reuse: Reuse | None = None,
    limits: Limits | None = None,
    judge: Callable[[Any], Any] = lambda complete: RulesJudge(),
) -> Measured:
    """Run every remedy as an arm against a server that answers by ``script``."""
    with FakeServer(script) as server:
        arms = tuple(Arm(name, "openai/scripted", system, api_base=server.url, remedy=name) for name in remedies)
        asked = plans(arms, scenarios, cases, trials)
        ran = run(EngineOptions(arms, limits=limits or Limits(), reuse=reuse or Reuse()), asked, judge)
    results = {result.key: result for result in ran.results}
    return Measured(results, asked, ran.bench.calls(), server, ran.bench.warnings)


def server_usage(server: FakeServer) -> tuple[int, int]:
    """Prompt and completion tokens as the server billed them."""
    assert callable(server.script)
    usages = [completion(server.script(one.body), one.body)["usage"] for one in server.requests]
    return sum(one["prompt_tokens"] for one in usages), sum(one["completion_tokens"] for one in usages)


def model(**weaknesses: float) -> ScriptedModel:
    return ScriptedModel(CASES, **weaknesses)


def chat(*turns: str, system: str | None = None) -> list[ChatMessage]:
    """User turns, with an "OK." of the assistant after each but the last."""
    messages = [ChatMessage(role="system", content=system)] if system else []
    for index, turn in enumerate(turns):
        messages.append(ChatMessage(role="user", content=turn))
        if index < len(turns) - 1:
            messages.append(ChatMessage(role="assistant", content="OK."))
    return messages


class Script:
    """An assistant that answers with the next of its replies, and keeps what it was sent."""

    def __init__(self, *replies: str | Exception) -> None:
        self.replies = list(replies)
        self.sent: list[list[ChatMessage]] = []

    async def __call__(self, messages: list[ChatMessage]) -> str:
        self.sent.append(messages)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


def answer(assistant: Any, remedies: str, messages: list[ChatMessage], **options: Any) -> Answer:
    return asyncio.run(wrap(assistant, remedies, **options).answer(messages))
