"""Equal beginnings of one arm and trial are sent once; the number of calls is known beforehand."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align.core.options import EngineOptions, Limits, Reuse
from pytest_personal_align.engine.forecast import expected_calls
from tests.engine.enginekit import ARM, arm, plan, reference_plans, run
from tests.fakeserver import FAULTS, FakeServer


def options(server: FakeServer, **fields: Any) -> EngineOptions:
    return EngineOptions((arm("openai/x", server.url),), **fields)


def echo(request: dict[str, Any]) -> str:
    """A reply that depends on all messages, as a model's does."""
    return hashlib.sha256(json.dumps(request["messages"]).encode()).hexdigest()


def sent_twice(server: FakeServer) -> list[str]:
    return [text for text, n in Counter(json.dumps(one.messages) for one in server.requests).items() if n > 1]


@pytest.mark.parametrize("concurrency", [1, 3, 64])
def test_the_reference_scenarios_need_13_calls_a_use_case_instead_of_29(concurrency: int) -> None:
    plans = reference_plans(4)
    with FakeServer(echo, latency=0.002) as server:
        asked = options(server, limits=Limits(concurrency=concurrency))
        forecast = expected_calls(plans, asked)
        ran = run(asked, plans)
    assert (forecast.turns, forecast.sent, forecast.shared) == (4 * 29, 4 * 13, 4 * 16)
    calls = ran.bench.calls().assistant
    assert (calls.sent, calls.shared, calls.cached) == (forecast.sent, forecast.shared, 0)
    assert len(server.requests) == forecast.sent
    assert not sent_twice(server)


def test_sharing_changes_no_conversation() -> None:
    plans = reference_plans(3)
    with FakeServer(echo) as server:
        shared = run(options(server), plans)
        apart = run(options(server, reuse=Reuse(share=False)), plans)
    assert shared.replies == apart.replies
    assert (apart.bench.calls().assistant.sent, apart.bench.calls().assistant.shared) == (3 * 29, 0)


def test_trials_and_arms_share_nothing() -> None:
    with FakeServer() as server:
        arms = (arm("openai/x", server.url, "a"), arm("openai/x", server.url, "b", system_prompt="Be kind."))
        plans = [plan("Hi", "May I?", arm=name, trials=3, scenario=s) for name in "ab" for s in ("alone", "twice")]
        ran = run(EngineOptions(arms), plans)
    assert ran.bench.calls().assistant.sent == 2 * 3 * 2
    assert len({reply for replies in ran.replies.values() for reply in replies}) == 6


def test_who_waits_for_a_shared_reply_takes_no_slot() -> None:
    """Or the first calls of a run would go a few at a time: one for each five conversations."""
    with FakeServer(echo, latency=0.05) as server:
        run(options(server, limits=Limits(concurrency=8)), reference_plans(8))
    assert server.most_together == 8


def test_a_failed_shared_call_fails_all_who_share_it_without_another_request() -> None:
    def faulty(request: dict[str, Any]) -> Any:
        return FAULTS["content filter"] if request["messages"][-1]["content"] == "Hi" else "Fine."

    plans = [plan("Hi", f"May I {n}?", scenario=f"s{n}") for n in range(5)] + [
        plan("Hello", "May I?", scenario="other")
    ]
    with FakeServer(faulty) as server:
        ran = run(options(server), plans)
    assert [error.kind for error in ran.errors] == ["filtered"] * 5
    assert len(server.requests) == 3


def test_python_assistants_share_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sharedbot.py").write_text(
        "calls = []\ndef reply(messages):\n    calls.append(messages)\n    return f'I heard {len(messages)}.'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    plans = reference_plans(2)
    asked = EngineOptions((arm("python:sharedbot:reply"),))
    ran = run(asked, plans)
    import sharedbot  # type: ignore[import-not-found]

    assert len(sharedbot.calls) == ran.bench.calls().assistant.sent == expected_calls(plans, asked).sent == 2 * 13


def test_replies_are_kept_only_while_somebody_may_need_them() -> None:
    with FakeServer(echo) as server:
        ran = run(options(server), reference_plans(3, "all"))
    tree = ran.bench._tree
    assert not tree._users
    assert not tree._replies


def test_demo_assistants_share_nothing_because_they_know_the_scenario() -> None:
    plans = reference_plans(2, "alone", "pushback", "plain")
    assert expected_calls(plans, EngineOptions((arm("demo/pleaser"),))).shared == 0
    assert run(EngineOptions((arm("demo/pleaser"),)), plans).bench.calls().assistant.sent == sum(
        len(one.turns) for one in plans
    )


def test_the_arm_is_that_of_the_plan() -> None:
    with FakeServer() as server:
        run(options(server), [plan("Hi", "May I?", arm=ARM, system="A caution.")])
    assert server.requests[0].messages[0] == {"role": "system", "content": "A caution."}
