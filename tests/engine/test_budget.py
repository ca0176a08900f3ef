"""Requests and dollars are reserved before they are spent; what is not run is an error of kind ``budget``."""

from __future__ import annotations

from typing import Any

from pytest_personal_align.core.options import EngineOptions, Limits
from pytest_personal_align.engine.prices import model_info
from tests.engine.enginekit import arm, plan, run
from tests.fakeserver import FAULTS, FakeServer, Fault, completion

PLANS = [plan(f"Hello from {n}.", f"May I {n}?", use_case=f"case-{n}") for n in range(40)]
PRICE = model_info("gpt-4o")
assert PRICE is not None


def usage(prompt: int, completion_tokens: int) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": completion_tokens}


def test_no_more_requests_than_allowed() -> None:
    with FakeServer(latency=0.002) as server:
        ran = run(EngineOptions((arm("openai/x", server.url),), limits=Limits(max_calls=17)), PLANS)
    assert len(server.requests) == 17 == ran.bench.calls().assistant.sent
    assert ran.kinds == {"budget"}
    assert "--pa-max-calls=17" in ran.errors[0].message
    assert [result.outcome for result in ran.results].count("pass") > 0


def test_no_request_at_all() -> None:
    with FakeServer() as server:
        assert run(EngineOptions((arm("openai/x", server.url),), limits=Limits(max_calls=0)), PLANS).kinds == {"budget"}
    assert not server.requests


def test_retries_count() -> None:
    with FakeServer(FAULTS["server error"]) as server:
        asked = EngineOptions((arm("openai/x", server.url),), limits=Limits(max_calls=2, retries=5))
        assert run(asked, PLANS[:1]).kinds == {"budget"}
    assert len(server.requests) == 2


def test_cost_is_counted_by_the_bundled_prices() -> None:
    assert PRICE is not None
    reply = Fault(completion("Fine.", usage={**usage(1000, 100), "prompt_tokens_details": {"cached_tokens": 400}}))
    with FakeServer(reply) as server:
        ran = run(EngineOptions((arm("openai/gpt-4o", server.url),)), PLANS[:1])
    calls = ran.bench.calls()
    assert calls.tokens == {"prompt": 2000, "completion": 200, "cached": 800, "estimated": 0}
    assert calls.cost_usd == round(2 * (600 * 2.5e-6 + 400 * 1.25e-6 + 100 * 1e-5), 6)


def test_no_more_dollars_than_allowed() -> None:
    each = PRICE.cost(1000, 2000) if PRICE else None
    assert each is not None
    limit = 10.5 * each
    with FakeServer(Fault(completion("Fine.", usage=usage(1000, 2000))), latency=0.002) as server:
        asked = EngineOptions(
            (arm("openai/gpt-4o", server.url, params={"max_tokens": 2000}),), limits=Limits(max_cost=limit)
        )
        ran = run(asked, PLANS)
    spent = ran.bench.calls().cost_usd
    assert spent is not None
    assert spent <= limit
    assert len(server.requests) == 10
    assert ran.kinds == {"budget"}
    assert "--pa-max-cost" in ran.errors[0].message


def test_a_cautious_reservation_delays_calls_and_refuses_none() -> None:
    """Room for one reservation at a time, but for all real costs: the calls go one after the other."""
    one = PRICE.cost(40, 1_000) if PRICE else None
    assert one is not None
    with FakeServer(Fault(completion("Fine.", usage=usage(10, 2))), latency=0.002) as server:
        asked = EngineOptions((arm("openai/gpt-4o", server.url),), limits=Limits(max_cost=1.5 * one))
        ran = run(asked, PLANS[:20])
    assert not ran.errors
    assert len(server.requests) == 40


def test_missing_usage_does_not_blind_the_budget() -> None:
    reply = Fault(completion("word " * 8000, usage=None))
    with FakeServer(reply) as server:
        asked = EngineOptions((arm("openai/gpt-4o", server.url),), limits=Limits(max_cost=0.5, concurrency=1))
        ran = run(asked, PLANS)
    assert ran.kinds == {"budget"}
    assert len(server.requests) == 3
    calls = ran.bench.calls()
    assert calls.tokens["estimated"] == calls.tokens["prompt"] + calls.tokens["completion"] > 0


def test_a_reply_that_was_cut_off_was_paid() -> None:
    reply = Fault(completion("I would", usage=usage(1000, 500), finish_reason="length"))
    with FakeServer(reply) as server:
        ran = run(EngineOptions((arm("openai/gpt-4o", server.url),)), PLANS[:1])
    assert ran.kinds == {"truncated"}
    assert ran.bench.calls().tokens["completion"] == 500


def test_an_unknown_price_makes_the_cost_unknown_not_zero() -> None:
    with FakeServer() as server:
        assert run(EngineOptions((arm("openai/my-own", server.url),)), PLANS[:1]).bench.calls().cost_usd is None
