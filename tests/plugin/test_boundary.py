"""What a hostile or broken endpoint says reaches neither the budget's blind side nor anything that is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.fakeserver import FAULTS, FakeServer, Fault, completion, error

OPTIONS = ["--pa-retries=0", "-p", "no:cacheprovider"]
KEY = "an-odd-key-0123456789"
REFUSAL = "No, please don't: you told me about your severe peanut allergy."


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
@pytest.mark.parametrize(
    "answer",
    [
        error(400, f"The key {KEY} is bad."),
        Fault(completion("", finish_reason=KEY)),
        Fault(completion(REFUSAL, finish_reason=f"\ud800{KEY}", model=f"m\x1b[2J-{KEY}")),
    ],
    ids=["message", "empty", "fields"],
)
def test_a_key_with_a_newline_stays_out_of_everything(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, provider: str, answer: Fault
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY + "\n")
    monkeypatch.setenv("HOSTED_VLLM_API_KEY", KEY + "\n")
    with FakeServer(answer) as server:
        result = project.runpytest_subprocess(
            *OPTIONS, f"--pa-model={provider}/fake", f"--pa-api-base={server.url}", "-v", "-rA",
            "--junitxml=j.xml", "--log-file=log.txt", "--log-file-level=DEBUG", "-k", "satay and alone",
        )  # fmt: skip
        assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    written = [path.read_bytes() for path in project.path.rglob("*") if path.is_file()]
    assert not [text for text in [*written, (result.stdout.str() + result.stderr.str()).encode()] if b"odd-key" in text]
    assert "internal: a bug" not in result.stdout.str()


def test_an_odd_finish_reason_breaks_no_run_and_no_second_one_out_of_the_cache(
    project: pytest.Pytester, record: Callable[[], Any]
) -> None:
    answer = Fault(completion(REFUSAL, finish_reason="\ud800\x1b[2Jx" * 50, model="\ud800" * 300))
    with FakeServer(answer) as server:
        options = [*OPTIONS, "--pa-model=openai/fake", f"--pa-api-base={server.url}", "-k", "satay and alone"]
        for more in ([], ["--pa-cache=replay"], ["-n", "2"]):
            result = project.runpytest_subprocess(*options, *more)
            assert result.ret == 0
            (case,) = record()["cases"]
            assert case["trials"][0]["finish_reason"] == "other"


@pytest.mark.parametrize("usage", [{"prompt_tokens": 10**400, "completion_tokens": -1}, {"prompt_tokens": "many"}])
def test_usage_that_cannot_be_is_no_bug_of_ours(
    project: pytest.Pytester, record: Callable[[], Any], usage: dict[str, Any]
) -> None:
    with FakeServer(Fault(completion(REFUSAL, usage=usage))) as server:
        result = project.runpytest_subprocess(
            *OPTIONS, "--pa-model=openai/gpt-4o-mini", f"--pa-api-base={server.url}", "-k", "satay and alone"
        )
    assert result.ret == 0
    tokens = record()["calls"]["tokens"]
    assert tokens["estimated"] == tokens["prompt"] + tokens["completion"] > 0


@pytest.mark.parametrize(
    "answer",
    [
        Fault(completion("y " * 800_000, usage={"prompt_tokens": 100, "completion_tokens": 400_000})),
        FAULTS["huge"],
        Fault(completion(REFUSAL, padding="x" * 5_000_000)),
    ],
    ids=["too many characters", "too many bytes", "padding"],
)
@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
def test_the_budget_sees_replies_that_are_refused_for_their_size(
    project: pytest.Pytester, record: Callable[[], Any], provider: str, answer: Fault
) -> None:
    with FakeServer(answer) as server:
        project.runpytest_subprocess(
            *OPTIONS, f"--pa-model={provider}/gpt-4o-mini", f"--pa-api-base={server.url}", "--pa-max-cost=0.01",
            "--pa-concurrency=1",
        )  # fmt: skip
        assert len(server.requests) == 1
    calls = record()["calls"]
    assert calls["cost_usd"] > 0.01
    assert calls["tokens"]["completion"] > 100_000


def test_calls_that_timed_out_have_a_cost_beside_the_budget_they_used(
    project: pytest.Pytester, record: Callable[[], Any]
) -> None:
    with FakeServer(FAULTS["hang"]) as server:
        project.runpytest_subprocess(
            *OPTIONS, "--pa-timeout=0.5", "--pa-model=openai/gpt-4o-mini", f"--pa-api-base={server.url}",
            "--pa-max-cost=0.001",
        )  # fmt: skip
    document = record()
    assert {trial["error"]["kind"] for case in document["cases"] for trial in case["trials"]} == {"timeout", "budget"}
    assert document["calls"]["cost_usd"] > 0
    assert document["calls"]["tokens"]["estimated"] > 0


@pytest.mark.parametrize("value", ["inf", "nan", "1e300", "0"])
def test_a_timeout_that_is_no_time_is_refused(project: pytest.Pytester, value: str) -> None:
    result = project.runpytest_subprocess("--pa-model=demo/attentive", f"--pa-timeout={value}")
    assert result.ret == 4
    assert "--pa-timeout" in result.stderr.str()
