"""What a provider says is bounded, cleaned, without keys and paid for, whichever way leads to it."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align.core.options import EngineOptions, Limits, Reuse
from pytest_personal_align.core.result import Message, Reply, TrialError, Usage
from pytest_personal_align.engine import client as client_module
from pytest_personal_align.engine.bounded import bind, watched
from pytest_personal_align.engine.clean import told
from pytest_personal_align.engine.completion import sound
from pytest_personal_align.engine.fault import Fault as TooLarge
from pytest_personal_align.engine.ledger import Ledger
from pytest_personal_align.engine.prices import model_info
from tests.engine.enginekit import arm, ask, plan, run
from tests.fakeserver import FAULTS, FakeServer, Fault, completion, error

WAYS = ["openai/x", "hosted_vllm/x"]
PRICED = ["openai/gpt-4o-mini", "hosted_vllm/gpt-4o-mini"]
"""Both are priced, since the table is asked for the name without the provider too."""
KEY = "an-odd-key-0123456789"
ONCE = EngineOptions((), limits=Limits(retries=0))
PRICE = model_info("gpt-4o-mini")
assert PRICE is not None


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment's key, as a secret's file often gives it."""
    for name in ("OPENAI_API_KEY", "HOSTED_VLLM_API_KEY"):
        monkeypatch.setenv(name, KEY + "\n")
    return KEY


def asked(server: FakeServer, model: str, script: Any, options: EngineOptions = ONCE) -> tuple[Any, Ledger]:
    server.script = script
    answer, _, ledger = ask(options, model, server.url)
    return answer, ledger


@pytest.mark.parametrize("model", PRICED)
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Fault(completion("y " * 800_000, usage={"prompt_tokens": 90, "completion_tokens": 5000})), "truncated"),
        (Fault(completion("y", usage={"prompt_tokens": 90, "completion_tokens": 5000}, finish_reason="length")),
         "truncated"),
        (Fault(completion("", usage={"prompt_tokens": 90, "completion_tokens": 5000})), "empty"),
        (Fault(completion("", usage={"prompt_tokens": 90, "completion_tokens": 5000}, choices=[])), "provider"),
        (Fault(completion("y", usage={"prompt_tokens": 90, "completion_tokens": 5000}, finish_reason="content_filter")),
         "filtered"),
    ],
)  # fmt: skip
def test_usage_of_a_reply_that_is_an_error_is_booked(server: FakeServer, model: str, answer: Fault, kind: str) -> None:
    failed, ledger = asked(server, model, answer)
    assert isinstance(failed, TrialError)
    assert failed.kind == kind
    calls = ledger.calls()
    assert PRICE is not None
    assert calls.tokens == {"prompt": 90, "completion": 5000, "cached": 0, "estimated": 0}
    assert calls.cost_usd == pytest.approx(PRICE.cost(90, 5000), abs=1e-6)


@pytest.mark.parametrize("model", PRICED)
@pytest.mark.parametrize(
    ("answer", "kind", "least"),
    [
        (Fault(completion("y " * 800_000, usage=None)), "truncated", 400_000),
        (FAULTS["huge"], "truncated", 1_000_000),
        (Fault(completion("Well.", padding="x" * 5_000_000)), "truncated", 1_000_000),
        (Fault(completion("never whole " * 100), cut=1000), "provider", 200),
        (Fault(json.dumps(completion("never whole " * 100))[:1000]), "provider", 200),
    ],
)
def test_what_came_is_estimated_where_usage_is_missing(
    server: FakeServer, model: str, answer: Fault, kind: str, least: int
) -> None:
    failed, ledger = asked(server, model, answer)
    assert isinstance(failed, TrialError)
    assert failed.kind == kind
    calls = ledger.calls()
    assert calls.tokens["completion"] >= least
    assert calls.tokens["estimated"] == calls.tokens["completion"] + calls.tokens["prompt"]
    assert calls.cost_usd


@pytest.mark.parametrize("model", WAYS)
@pytest.mark.parametrize("name", ["html", "empty body", "bad request", "server error", "redirect", "drop"])
def test_what_no_model_has_said_costs_nothing(server: FakeServer, model: str, name: str) -> None:
    _, ledger = asked(server, model, FAULTS[name])
    assert ledger.calls().tokens == {"prompt": 0, "completion": 0, "cached": 0, "estimated": 0}


@pytest.mark.parametrize("model", PRICED)
def test_a_call_without_an_answer_in_time_is_booked_as_it_was_reserved(server: FakeServer, model: str) -> None:
    failed, ledger = asked(server, model, FAULTS["hang"], EngineOptions((), limits=Limits(retries=1, timeout=0.7)))
    assert isinstance(failed, TrialError)
    assert failed.kind == "timeout"
    calls = ledger.calls()
    assert calls.tokens["completion"] == 2 * 1000
    assert calls.tokens["estimated"] == calls.tokens["completion"] + calls.tokens["prompt"]
    assert calls.cost_usd


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
@pytest.mark.parametrize(
    "answer",
    [
        Fault(completion("y " * 800_000, usage={"prompt_tokens": 100, "completion_tokens": 400_000})),
        FAULTS["huge"],
    ],
)
def test_a_budget_sees_replies_that_are_errors(provider: str, answer: Fault) -> None:
    plans = [plan(f"May I {n}?", use_case=f"case-{n}") for n in range(6)]
    with FakeServer(answer) as server:
        limits = Limits(max_cost=0.01, concurrency=1, retries=0)
        ran = run(EngineOptions((arm(f"{provider}/gpt-4o-mini", server.url),), limits=limits), plans)
    assert len(server.requests) == 1
    assert sorted(failed.kind for failed in ran.errors) == ["budget"] * 5 + ["truncated"]
    assert (ran.bench.calls().cost_usd or 0) > 0.01


@pytest.mark.parametrize("model", WAYS)
@pytest.mark.parametrize(
    "answer",
    [
        error(400, f"The key {KEY} is bad."),
        error(400, f"The key {KEY[:9]}\x1b[0m{KEY[9:]} is bad."),
        error(400, "x " * 148 + KEY),
        Fault({"error": {"type": KEY, "code": KEY}}, 400),
        Fault({"error": {"message": f"{KEY} is bad.", "code": 502}}),
        Fault("<title>" + "x " * 145 + KEY + "</title>", 502, content_type="text/html"),
        Fault("x " * 148 + KEY, 500, content_type="text/plain"),
        Fault(f'{{"a": "{KEY}'),
        Fault("", 307, {"Location": f"http://127.0.0.1:9/{KEY}"}),
        Fault(completion("", finish_reason=KEY)),
        Fault(completion("Well.", finish_reason=KEY, model=f"m-{KEY}", id=KEY, system_fingerprint=KEY)),
        Fault(completion("Well.", finish_reason="x" * 30 + KEY, model="m" * 190 + KEY)),
        Fault(completion(f"You sent {KEY}.", model=f"{KEY[:9]}\x00{KEY[9:]}")),
    ],
)
def test_no_part_of_a_key_comes_back(server: FakeServer, model: str, key: str, tmp_path: Path, answer: Fault) -> None:
    options = EngineOptions((), limits=ONCE.limits, reuse=Reuse("use", str(tmp_path)))
    server.script = answer
    said, warnings, _ = ask(options, model, server.url)
    assert server.requests[-1].headers["Authorization"] == f"Bearer {key}"
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*"))
    assert "odd-key" not in f"{said} {warnings}"
    assert b"odd-key" not in kept


def test_a_key_is_taken_out_before_the_cut(key: str) -> None:
    for length in range(30):
        assert "an-odd" not in told("x" * (60 - length) + " " + key + " y" * 20_000, 70)


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
@pytest.mark.parametrize("reason", ["\ud800", "\ud800\x1b[2Jx" * 50, "stop\x00", "x" * 100_000, "two words", 7, {}],
                         ids=["surrogate", "controls", "null", "huge", "two words", "number", "object"])  # fmt: skip
def test_an_odd_finish_reason_is_no_more_than_a_word(provider: str, reason: Any) -> None:
    # Through an engine: what litellm logs about it in other threads would break a run of xdist.
    with FakeServer(Fault(completion("Well.", finish_reason=reason))) as server:
        limits = Limits(retries=0)
        ran = run(EngineOptions((arm(f"{provider}/x", server.url),), limits=limits), [plan("May I?")])
    (trial,) = ran.results[0].trials
    assert trial.transcript.finish_reason in (None, "other", "stop")
    if trial.error is not None:  # litellm refuses what is no text
        assert (trial.error.kind, provider, reason) == ("provider", "hosted_vllm", {})


def test_the_word_of_a_provider_is_kept(server: FakeServer) -> None:
    answer, _ = asked(server, "openai/x", Fault(completion("Well.", finish_reason="end_turn")))
    assert answer.finish_reason == "end_turn"


def test_an_old_cache_that_holds_a_providers_words_as_they_came_breaks_nothing(
    server: FakeServer, tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = Reply("Well.", f"\ud800{key}", Usage(10**400, 5), 1.0, f"\ud800\x1b[2J{key}", {})
    with monkeypatch.context() as patch:
        patch.setattr(client_module, "read_reply", lambda *arguments: odd)
        patch.setattr(client_module.Client, "_pay", lambda *arguments: 0.0)
        patch.setattr("pytest_personal_align.engine.endpoint.Line.learn", lambda *arguments: None)
        ask(EngineOptions((), reuse=Reuse("use", str(tmp_path))), "openai/x", server.url)
    sent = len(server.requests)
    answer, _, _ = ask(EngineOptions((), reuse=Reuse("replay", str(tmp_path))), "openai/x", server.url)
    assert len(server.requests) == sent
    assert isinstance(answer, Reply)
    assert (answer.text, answer.finish_reason, answer.model) == ("Well.", "other", "�[redacted]")
    assert answer.usage.estimated
    assert answer.usage.prompt_tokens < 100


def test_a_sound_reply_stays_as_it_is() -> None:
    reply = Reply("Well.", "stop", Usage(5, 2, 1), 1.0, "gpt-4o", {"refusal": True})
    assert sound(reply, [Message("user", "Hello")], []) == reply


@pytest.mark.parametrize("model", WAYS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_the_conversation_nowhere(server: FakeServer, model: str, status: int) -> None:
    with FakeServer() as other:
        before = len(server.requests)
        answer, _ = asked(
            server, model, Fault("", status, {"Location": f"{other.url}/chat/completions"}),
            EngineOptions((), limits=Limits(retries=3)),
        )  # fmt: skip
    assert not other.requests
    assert len(server.requests) == before + 1
    assert isinstance(answer, TrialError)
    assert answer.kind == "provider"
    assert "a redirect is not followed" in answer.message


@pytest.mark.parametrize("model", WAYS)
def test_a_compressed_bomb_is_not_opened(server: FakeServer, model: str) -> None:
    bomb = gzip.compress(json.dumps(completion("Well.", padding="x" * 50_000_000)).encode())
    answer, _ = asked(server, model, Fault(bomb, headers={"Content-Encoding": "gzip"}))
    assert server.requests[-1].headers["Accept-Encoding"] == "identity"
    assert isinstance(answer, TrialError)
    assert answer.kind == "truncated"


@pytest.mark.parametrize("model", WAYS)
def test_a_compressed_reply_is_read_all_the_same(server: FakeServer, model: str) -> None:
    packed = gzip.compress(json.dumps(completion("Well.")).encode())
    answer, _ = asked(server, model, Fault(packed, headers={"Content-Encoding": "gzip"}))
    assert isinstance(answer, Reply)
    assert answer.text == "Well."


@pytest.mark.parametrize("model", WAYS)
@pytest.mark.parametrize("odd", [10**400, 10**25, -7, True, "many", "7", 1.5, None, [], {}])
@pytest.mark.parametrize("field", ["prompt_tokens", "completion_tokens"])
def test_usage_that_cannot_be_is_estimated(server: FakeServer, model: str, odd: Any, field: str) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 5, field: odd}
    answer, ledger = asked(server, model, Fault(completion("Well, well.", usage=usage)))
    if isinstance(answer, TrialError):
        assert (model, answer.kind) == ("hosted_vllm/x", "provider"), answer
    else:
        # litellm's own types read True as 1, "7" as 7 and such: it is one of a few tokens then.
        assert 1 <= answer.usage.prompt_tokens <= 7
        assert 1 <= answer.usage.completion_tokens <= 7
    tokens = ledger.calls().tokens
    assert all(0 <= count < 1000 for count in tokens.values())


@pytest.mark.parametrize("model", WAYS)
@pytest.mark.parametrize("odd", [10**400, -7, True, "many", [], {"cached_tokens": -1}, {"cached_tokens": 10**400}])
def test_what_is_said_of_cached_tokens_breaks_nothing(server: FakeServer, model: str, odd: Any) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 5, "prompt_tokens_details": odd}
    answer, ledger = asked(server, model, Fault(completion("Well.", usage=usage)))
    assert isinstance(answer, Reply) or (model, answer.kind) == ("hosted_vllm/x", "provider")
    assert 0 <= ledger.calls().tokens["cached"] <= 5


def test_more_room_than_there_can_be_is_the_providers_to_refuse(server: FakeServer) -> None:
    server.script = error(400, "max_tokens is too large.")
    answer, _, _ = ask(ONCE, "openai/gpt-4o-mini", server.url, params={"max_tokens": 10**400})
    assert isinstance(answer, TrialError)
    assert "too large" in answer.message


@pytest.mark.parametrize("transport", ["httpx", "httpx, not asynchronous"])
def test_what_litellm_falls_back_to_is_bounded_too_and_only_for_our_calls(server: FakeServer, transport: str) -> None:
    httpx = pytest.importorskip("httpx")
    bind(httpx.AsyncHTTPTransport)
    bind(httpx.HTTPTransport)

    async def waited() -> Any:
        async with httpx.AsyncClient(follow_redirects=True) as client:
            return await client.post(f"{server.url}/x", json={"messages": []})

    def post() -> Any:
        if transport == "httpx":
            return asyncio.run(waited())
        with httpx.Client(follow_redirects=True) as client:
            return client.post(f"{server.url}/x", json={"messages": []})

    with FakeServer("Well.") as other:
        server.script = Fault("", 307, {"Location": f"{other.url}/x"})
        assert post().json()["choices"]
        with watched("here") as received:
            assert (post().status_code, received.billed) == (307, 0)
        assert len(other.requests) == 1
    server.script = FAULTS["huge"]
    assert len(post().content) > 4_000_000
    with watched("here") as received, pytest.raises(TooLarge, match="larger than 4,000,000 bytes"):
        post()
    assert received.fault is not None
    assert received.billed > 4_000_000
