"""Conversations take slots first in, first out; judges have slots of their own; a crowd is met with patience."""

from __future__ import annotations

import threading
from typing import Any

from pytest_personal_align.core.options import EngineOptions, JudgeOptions, Limits
from tests.engine.enginekit import ModelJudge, arm, plan, run
from tests.fakeserver import FAULTS, FakeServer

PLANS = [plan(f"Hello from {n}.", f"May I {n}?", use_case=f"case-{n:02}") for n in range(30)]


def test_never_more_conversations_than_slots_and_all_slots_are_used() -> None:
    with FakeServer(latency=0.1) as server:
        run(EngineOptions((arm("openai/x", server.url),), limits=Limits(concurrency=7)), PLANS)

    assert server.most_together == 7


def test_the_first_conversations_end_first() -> None:
    with FakeServer(latency=0.01) as server:
        ran = run(EngineOptions((arm("openai/x", server.url),), limits=Limits(concurrency=3)), PLANS)
    order = [[one.key for one in PLANS].index(result.key) for result in ran.results]
    assert all(abs(place - position) <= 3 for place, position in enumerate(order))


def test_judging_holds_no_conversation_up() -> None:
    """The judge answers only when all conversations are over."""
    over = threading.Event()
    heard = []

    def script(request: dict[str, Any]) -> str:
        if request["model"] == "j":
            return "It is fine." if over.is_set() else "It is fine, but early."
        heard.append(request)
        if len(heard) == 20:
            over.set()
        return "Reply."

    with FakeServer(script, latency=0.005) as server:
        asked = EngineOptions(
            (arm("openai/x", server.url),), JudgeOptions(("openai/j",), api_base=server.url), Limits(concurrency=2)
        )
        ran = run(asked, PLANS[:10], lambda complete: ModelJudge(complete, "openai/j"))
    assert {result.outcome for result in ran.results} == {"pass"}
    assert ran.bench.calls().judge.sent + ran.bench.calls().judge.shared == 10
    assert ran.bench.progress().done == 10


def test_a_crowded_endpoint_is_served_with_fewer_at_a_time_and_nothing_is_lost() -> None:

    def script(request: dict[str, Any]) -> Any:
        return "Fine." if server._together <= 3 else FAULTS["too many"]

    with FakeServer(script, latency=0.003) as server:
        ran = run(EngineOptions((arm("openai/x", server.url),), limits=Limits(concurrency=16, retries=20)), PLANS)
    assert not ran.errors


def test_random_faults_change_no_reply() -> None:
    def script(request: dict[str, Any]) -> Any:
        nonlocal count
        count += 1
        faults = ("server error", "drop", "too many", "empty body", "cut")
        return FAULTS[faults[count // 7 % 5]] if count % 7 == 0 else request["messages"][-1]["content"].upper()

    count = 0
    with FakeServer(script) as server:
        ran = run(EngineOptions((arm("openai/x", server.url),)), PLANS)
    assert not ran.errors
    assert ran.replies == {one.key: [one.turns[-1].upper()] for one in PLANS}
