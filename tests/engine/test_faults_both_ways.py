"""The same trouble ends in the same kind of error after the same requests, whichever way leads to the model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from pytest_personal_align.core.options import EngineOptions, Limits
from pytest_personal_align.core.result import Reply, TrialError
from tests.engine.enginekit import ask
from tests.fakeserver import FAULTS, FakeServer, Fault, completion, error

WAYS = ["openai/x", "hosted_vllm/x"]
ONE_RETRY = EngineOptions((), limits=Limits(retries=1, timeout=0.7))
PATIENT = EngineOptions((), limits=Limits(retries=1))


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


def asked(server: FakeServer, model: str, script: Any, **fields: Any) -> tuple[Reply | TrialError, int, list[str]]:
    before = len(server.requests)
    server.script = script
    answer, warnings, _ = ask(fields.pop("options", PATIENT), model, server.url, **fields)
    return answer, len(server.requests) - before, warnings


@pytest.mark.parametrize("model", WAYS)
@pytest.mark.parametrize(
    ("name", "kind", "requests", "words"),
    [
        ("bad key", "auth", 1, "Incorrect API key provided"),
        ("forbidden", "auth", 1, "not allowed to use this project"),
        ("unpaid", "auth", 1, "Payment required"),
        ("quota", "auth", 1, "exceeded your current quota"),
        ("unknown model", "provider", 1, "does not exist"),
        ("bad request", "provider", 1, "Invalid value for 'messages'"),
        ("context", "provider", 1, "maximum context length"),
        ("too many", "provider", 2, "Rate limit reached"),
        ("too many for an hour", "provider", 1, "asks to wait 3600 s"),
        ("server error", "provider", 2, "The server had an error"),
        ("overloaded", "provider", 2, "529"),
        ("conflict", "provider", 2, "409"),
        ("html 502", "provider", 2, "Bad gateway"),
        ("html", "provider", 2, "HTML"),
        ("empty body", "provider", 2, "empty body"),
        ("truncated json", "provider", 2, "not whole JSON"),
        ("cut", "provider", 2, "not completed"),
        ("drop", "provider", 2, "isconnected"),
        ("no choices", "provider", 2, "no choice"),
        ("error in 200", "provider", 2, "Upstream failed"),
        ("filter 400", "filtered", 1, "filtered"),
        ("content filter", "filtered", 1, "content filter"),
        ("length", "truncated", 1, "cut off"),
        ("huge", "truncated", 1, "cut off"),
        ("null content", "empty", 2, "no text"),
        ("blank", "empty", 2, "no text"),
    ],
)
def test_fault(server: FakeServer, model: str, name: str, kind: str, requests: int, words: str) -> None:
    answer, sent, _ = asked(server, model, FAULTS[name])
    assert isinstance(answer, TrialError)
    assert (answer.kind, sent) == (kind, requests)
    assert words in answer.message


@pytest.mark.parametrize("model", WAYS)
@pytest.mark.parametrize("name", ["hang", "drip"])
def test_the_deadline_is_of_the_whole_call(server: FakeServer, model: str, name: str) -> None:
    asked(server, model, "Well.")  # or litellm's first call of a process would take the time for itself
    server.script = FAULTS[name]
    answer, _, ledger = ask(ONE_RETRY, model, server.url)
    assert isinstance(answer, TrialError)
    assert (answer.kind, ledger.assistant.sent) == ("timeout", 2)


@pytest.mark.parametrize("model", WAYS)
def test_nobody_there(model: str) -> None:
    answer, warnings, ledger = ask(PATIENT, model, "http://127.0.0.1:9/v1")
    assert isinstance(answer, TrialError)
    assert answer.kind == "provider"
    assert "http://127.0.0.1:9/v1 cannot be reached" in answer.message
    assert ledger.assistant.sent == 1
    assert "no further call is made" in warnings[0]


@pytest.mark.parametrize(
    "name", ["too many", "server error", "drop", "cut", "empty body", "no choices", "null content"]
)
@pytest.mark.parametrize("model", WAYS)
def test_a_passing_fault_is_retried(server: FakeServer, model: str, name: str) -> None:
    answers = iter([FAULTS[name], "Well."])
    answer, sent, warnings = asked(server, model, lambda request: next(answers))
    assert isinstance(answer, Reply)
    assert (answer.text, sent, warnings) == ("Well.", 2, [])


@pytest.mark.parametrize("model", WAYS)
def test_other_faults_before_it_take_no_attempt_from_one_that_is_bounded(server: FakeServer, model: str) -> None:
    answers = iter([FAULTS["server error"], FAULTS["drop"], FAULTS["null content"], "Well."])
    answer, sent, _ = asked(
        server, model, lambda request: next(answers), options=EngineOptions((), limits=Limits(retries=3))
    )
    assert isinstance(answer, Reply)
    assert (answer.text, sent) == ("Well.", 4)


def test_both_ways_give_the_same_reply(server: FakeServer) -> None:
    cached = {"prompt_tokens": 30, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 20}}
    for answer in (
        "Two words",
        Fault(completion("Two words", usage=None)),
        Fault(completion("Two words", usage=cached, model="x-2025")),
        Fault(completion(None, refusal="I cannot help with that.")),
        Fault(completion("a\x00b\x1b[31mc\ud800d\r\ne\tf\u202eg")),
    ):
        wire, litellm = (asked(server, model, answer)[0] for model in WAYS)
        assert isinstance(wire, Reply)
        assert isinstance(litellm, Reply)
        assert (wire.text, wire.finish_reason, wire.usage, wire.model, wire.notes) == (
            litellm.text,
            litellm.finish_reason,
            litellm.usage,
            litellm.model,
            litellm.notes,
        )


@pytest.mark.parametrize("model", WAYS)
def test_missing_usage_is_estimated_and_marked(server: FakeServer, model: str) -> None:
    for usage in (None, {}, {"prompt_tokens": 0, "completion_tokens": 0}):
        answer, _, _ = asked(server, model, Fault(completion("a reply of some words", usage=usage)))
        assert isinstance(answer, Reply)
        assert answer.usage.estimated
        assert answer.usage.prompt_tokens > 0
        assert answer.usage.completion_tokens > 0


@pytest.mark.parametrize("model", WAYS)
def test_a_refusal_is_a_reply(server: FakeServer, model: str) -> None:
    answer, _, _ = asked(server, model, Fault(completion(None, refusal="I cannot help with that.")))
    assert isinstance(answer, Reply)
    assert (answer.text, answer.notes) == ("I cannot help with that.", {"refusal": True})


@pytest.mark.parametrize("model", WAYS)
def test_refused_parameters_are_left_out_or_renamed(server: FakeServer, model: str) -> None:
    def reasoning(request: dict[str, Any]) -> Any:
        if "max_tokens" in request:
            return error(
                400,
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'.",
                param="max_tokens",
                code="unsupported_parameter",
            )
        if "temperature" in request:
            return error(
                400,
                "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) is.",
                param="temperature",
                code="unsupported_value",
            )
        return "Thought about it."

    answer, sent, warnings = asked(server, model, reasoning, params={"max_tokens": 50, "temperature": 0, "top_p": 0.9})
    assert isinstance(answer, Reply)
    assert sent == 3
    last = server.requests[-1].body
    assert {"max_completion_tokens": 50, "top_p": 0.9}.items() <= last.items()
    assert not {"max_tokens", "temperature"} & set(last)
    assert len(warnings) == 2


@pytest.mark.parametrize("model", WAYS)
def test_a_wrong_value_is_an_error_not_a_refused_parameter(server: FakeServer, model: str) -> None:
    wrong = error(400, "'temperature' must be at most 2.", param="temperature")
    answer, sent, _ = asked(server, model, wrong, params={"temperature": 9})
    assert isinstance(answer, TrialError)
    assert (answer.kind, sent) == ("provider", 1)


@pytest.mark.parametrize("model", WAYS)
def test_a_key_that_a_server_echoes_is_taken_out(
    server: FakeServer, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "an-odd-key-0123456789"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    monkeypatch.setenv("HOSTED_VLLM_API_KEY", key)
    answer, _, warnings = asked(server, model, error(401, f"The key {key} is wrong."))
    assert isinstance(answer, TrialError)
    assert key not in answer.message + str(warnings)
    assert "[redacted] is wrong" in answer.message
    assert server.requests[-1].headers["Authorization"] == f"Bearer {key}"
    answer, _, _ = asked(server, model, f"You sent {key} to me.")
    assert isinstance(answer, Reply)
    assert answer.text == "You sent [redacted] to me."


@pytest.mark.parametrize("model", WAYS)
def test_retry_after_may_be_a_date(server: FakeServer, model: str) -> None:
    until = format_datetime(datetime.now(timezone.utc) + timedelta(hours=2), usegmt=True)
    answer, sent, _ = asked(server, model, error(429, "Rate limit reached.", {"Retry-After": until}))
    assert isinstance(answer, TrialError)
    assert "asks to wait 7" in answer.message
    assert sent == 1


def test_a_redirect_is_not_followed(server: FakeServer) -> None:
    answer, sent, _ = asked(server, "openai/x", FAULTS["redirect"])
    assert isinstance(answer, TrialError)
    assert sent == 1
    assert "a redirect is not followed" in answer.message
