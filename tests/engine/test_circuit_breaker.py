"""Trouble that no retry mends ends the calls after a handful of requests, with one message."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align.core.options import EngineOptions, JudgeOptions, Limits, Reuse
from pytest_personal_align.core.plan import Brief, Plan
from pytest_personal_align.core.result import CallFailed, Message, Reply, Verdict
from pytest_personal_align.engine.assistant import Call
from pytest_personal_align.judging.protocol import Complete, Judge
from tests.engine.enginekit import ModelJudge, Ran, arm, plan, run
from tests.fakeserver import FAULTS, FakeServer, error

MANY = [plan(f"Hi from {n}", "May I?", use_case=f"case-{n}") for n in range(300)]


def options(url: str, **limits: Any) -> EngineOptions:
    return EngineOptions((arm("openai/x", url),), limits=Limits(concurrency=64, **limits))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("bad key", "auth"), ("forbidden", "auth"), ("quota", "auth"), ("unpaid", "auth"), ("unknown model", "provider")],
)
def test_what_nothing_mends_costs_a_handful_of_requests(name: str, kind: str) -> None:
    with FakeServer(FAULTS[name], latency=0.01) as server:
        ran = run(options(server.url), MANY)
    assert len(server.requests) <= 5
    assert [error.kind for error in ran.errors] == [kind] * 300
    (warning,) = ran.bench.warnings
    messages = [error.message for error in ran.errors]
    assert messages.count(warning) >= 295
    assert {warning.removesuffix("; no further call is made"), warning} == set(messages)


def test_a_refused_connection_at_the_first_call() -> None:
    ran = run(options("http://127.0.0.1:9/v1"), MANY)
    assert ran.bench.calls().assistant.sent <= 5
    assert ran.kinds == {"provider"}
    assert "cannot be reached" in ran.bench.warnings[0]


def test_a_key_that_is_withdrawn_later() -> None:
    with FakeServer(latency=0.002) as server:
        server.script = ["Fine."] * 40 + [FAULTS["bad key"]]
        ran = run(options(server.url), MANY)
    assert len(server.requests) <= 40 + 64
    assert ran.kinds == {"auth"}


def test_a_server_that_always_fails_is_given_up() -> None:
    with FakeServer(FAULTS["server error"]) as server:
        ran = run(options(server.url, retries=0), MANY)
    assert len(server.requests) <= 10
    assert "calls in a row have failed" in ran.bench.warnings[0]


@pytest.mark.parametrize("seconds", [70, 7200])
def test_too_long_a_wait_is_warned_of_once(seconds: int) -> None:
    until = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds), usegmt=True)
    for asked in (str(seconds), until):
        with FakeServer(error(429, "Rate limit reached.", {"Retry-After": asked})) as server:
            plans = [plan("May I?", use_case=f"case-{n}") for n in range(12)]
            ran = run(EngineOptions((arm("openai/x", server.url),), limits=Limits(concurrency=4)), plans)
        assert len(server.requests) <= 4
        assert ran.kinds == {"provider"}
        (warning,) = ran.bench.warnings
        assert "asks to wait" in warning
        assert warning.endswith("until then calls to it end in an error")


def test_trouble_of_single_conversations_breaks_nothing() -> None:
    def picky(request: dict[str, Any]) -> Any:
        return FAULTS["content filter"] if "May I" in request["messages"][-1]["content"] else "Hello."

    with FakeServer(picky) as server:
        ran = run(options(server.url), MANY)
    assert len(server.requests) == 600
    assert ran.kinds == {"filtered"}


def test_one_models_trouble_is_not_anothers() -> None:
    def script(request: dict[str, Any]) -> Any:
        return FAULTS["unknown model"] if request["model"] == "nope" else "It is fine."

    with FakeServer(script) as server:
        arms = (arm("openai/nope", server.url, "a"), arm("openai/x", server.url, "b"))
        plans = [plan(f"Hi from {n}", "May I?", use_case=f"c{n}", arm=name) for n in range(20) for name in "ab"]
        asked = EngineOptions(arms, judge=JudgeOptions(("openai/j",), api_base=server.url))
        ran = run(asked, plans, lambda complete: ModelJudge(complete, "openai/j"))
    outcomes = [result.outcome for result in ran.results]
    assert (outcomes.count("error"), outcomes.count("pass")) == (20, 20)


def test_a_broken_judge_is_given_up_too() -> None:
    def script(request: dict[str, Any]) -> Any:
        return FAULTS["unknown model"] if request["model"] == "j" else "It is fine."

    with FakeServer(script) as server:
        asked = EngineOptions(
            (arm("openai/x", server.url),), JudgeOptions(("openai/j",), api_base=server.url), Limits(concurrency=16)
        )
        ran = run(asked, MANY[:60], lambda complete: ModelJudge(complete, "openai/j"))
    assert ran.kinds == {"provider"}
    assert ran.bench.calls().judge.sent <= 16


JUDGE_TROUBLE = pytest.mark.parametrize(
    ("name", "kind"), [("bad key", "auth"), ("quota", "auth"), ("unknown model", "provider")]
)


def judged_by(names: tuple[str, ...], script: Any, plans: list[Plan]) -> tuple[Ran, FakeServer]:
    """Run with judges of these names, the models of which are asked one after the other."""

    def made(complete: Complete) -> Judge:
        return AnyOf([ModelJudge(complete, name) for name in names if name != "rules"])

    with FakeServer(script, latency=0.002) as server:
        judge = JudgeOptions(names, api_base=server.url)
        asked = EngineOptions((arm("openai/x", server.url),), judge, Limits(concurrency=8))
        return run(asked, plans, made), server


class AnyOf:
    """Passes a reply that one of the judges passes."""

    name = version = "any"

    def __init__(self, judges: list[ModelJudge]) -> None:
        self._judges = judges

    async def __call__(self, brief: Brief, messages: Sequence[Message]) -> Verdict:
        failures = []
        for judge in self._judges:
            try:
                return await judge(brief, messages)
            except CallFailed as failure:
                failures.append(failure)
        raise failures[0]


def refusing(trouble: str, *models: str) -> Any:
    return lambda request: FAULTS[trouble] if request["model"] in models else "It is fine."


def to(model: str, server: FakeServer) -> int:
    return sum(request.body["model"] == model for request in server.requests)


@JUDGE_TROUBLE
def test_without_a_judge_no_assistant_is_asked(name: str, kind: str) -> None:
    ran, server = judged_by(("openai/j",), refusing(name, "j"), MANY)
    assert to("j", server) <= 8
    assert to("x", server) <= 50  # of 600
    assert ran.kinds == {kind}
    messages = [error.message for error in ran.errors]
    (warning,) = ran.bench.warnings
    assert messages.count(f"not run: no verdict can come any more from the judge openai/j: {warning}") >= 250


def test_a_judge_that_is_refused_later() -> None:
    answered: list[int] = []

    def script(request: dict[str, Any]) -> Any:
        if request["model"] == "x":
            return f"It is fine: {request['messages'][0]['content']}"
        answered.append(1)
        return FAULTS["quota"] if len(answered) > 20 else "It is fine."

    ran, server = judged_by(("openai/j",), script, MANY)
    assert [result.outcome for result in ran.results].count("pass") == 20
    assert to("x", server) <= 120


@JUDGE_TROUBLE
def test_where_the_rules_may_still_decide_the_run_goes_on(name: str, kind: str) -> None:
    ran, server = judged_by(("rules", "openai/j"), refusing(name, "j"), MANY[:40])
    assert to("x", server) == 80
    assert ran.kinds == {kind}


def test_a_panel_goes_on_with_one_of_its_judges_and_ends_with_none() -> None:
    names = ("openai/j", "openai/k")
    ran, server = judged_by(names, refusing("unknown model", "j"), MANY[:40])
    assert to("x", server) == 80
    assert not ran.errors
    ran, server = judged_by(names, refusing("unknown model", "j", "k"), MANY)
    assert to("x", server) <= 100
    assert {error.message.partition(":")[0] for error in ran.errors} >= {"not run"}


def test_a_bot_of_ones_own_is_not_asked_for_nothing_either() -> None:
    asked: list[int] = []

    async def bot(messages: Sequence[Message], call: Call) -> Reply:
        asked.append(1)
        await asyncio.sleep(0.002)
        return Reply("Well.")

    with FakeServer(FAULTS["bad key"]) as server:
        options = EngineOptions((arm("mine"),), JudgeOptions(("openai/j",), api_base=server.url), Limits(concurrency=8))
        ran = run(options, MANY, lambda complete: ModelJudge(complete, "openai/j"), lambda model: bot)
    assert len(asked) <= 100
    assert ran.kinds == {"auth"}


def test_what_the_cache_knows_is_judged_without_the_judge(tmp_path: Path) -> None:
    def go(plans: list[Plan]) -> Ran:
        judge = JudgeOptions(("openai/j",), api_base=server.url)
        asked = EngineOptions((arm("openai/x", server.url),), judge, Limits(concurrency=4), Reuse("use", str(tmp_path)))
        return run(asked, plans, lambda complete: ModelJudge(complete, "openai/j"))

    def echo(request: dict[str, Any]) -> str:
        return f"It is fine: {request['messages'][0]['content'][:12]}"

    with FakeServer(echo) as server:
        assert not go(MANY[100:]).errors
        server.script = lambda request: FAULTS["bad key"] if request["model"] == "j" else echo(request)
        before = len(server.requests)
        ran = go(MANY)
    assert len(server.requests) - before <= 60
    assert [result.outcome for result in ran.results].count("pass") == 200


def test_what_can_only_fail_does_not_wait_for_its_turn_of_the_rate() -> None:
    began = time.monotonic()
    with FakeServer(FAULTS["bad key"]) as server:
        ran = run(options(server.url, rpm=8), MANY[:60])
    assert ran.kinds == {"auth"}
    assert time.monotonic() - began < 55  # its turn comes after a minute
