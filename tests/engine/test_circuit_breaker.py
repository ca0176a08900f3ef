"""Trouble that no retry mends ends the calls after a handful of requests, with one message."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from pytest_personal_align.core.options import EngineOptions, JudgeOptions, Limits
from tests.engine.enginekit import ModelJudge, arm, plan, run
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
