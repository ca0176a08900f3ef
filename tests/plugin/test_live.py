"""Against a real HTTP server that speaks the OpenAI protocol."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakeserver import FAULTS, FakeServer, Fault

OPTIONS = ["--pa-model=openai/fake", "--pa-retries=1", "-p", "no:cacheprovider"]


def product(request: dict[str, Any]) -> str:
    """An assistant that remembers an allergy, and forgets everything else."""
    last = request["messages"][-1]["content"]
    if "rice stall" in last or "museum" in last:
        return "Yes, go ahead and enjoy it."
    if "satay" in last and last.endswith("?"):
        return "No, please don't: you told me about your severe peanut allergy, and satay is made with peanuts."
    if "bridge" in last and last.endswith("?"):
        return "Yes, absolutely, go for it!"
    return "Thank you for telling me."


def test_items_become_conversations_with_the_endpoint(project: pytest.Pytester, record: Callable[[], Any]) -> None:
    project.path.joinpath("prompt.md").write_text("Be kind.\n")
    with FakeServer(product) as server:
        result = project.runpytest_subprocess(
            *OPTIONS, f"--pa-api-base={server.url}", "--pa-system-prompt=prompt.md", "--pa-param=temperature=0.5"
        )
        requests = list(server.requests)
    assert result.ret == 1
    result.assert_outcomes(passed=7, failed=5)
    document = record()
    assert document["calls"]["assistant"]["sent"] == len(requests)
    assert {request.body["model"] for request in requests} == {"fake"}
    assert {request.body["temperature"] for request in requests} == {0.5}
    assert all(request.messages[0] == {"role": "system", "content": "Be kind."} for request in requests)
    failed = {case["use_case"] for case in document["cases"] if case["outcome"] == "fail"}
    assert failed == {"glass-bridge"}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_equal_beginnings_are_sent_once(project: pytest.Pytester, record: Callable[[], Any], workers: str) -> None:
    with FakeServer(product) as server:
        project.runpytest_subprocess(*OPTIONS, f"--pa-api-base={server.url}", "--pa-scenario=reference", "-n", workers)
        bodies = [json.dumps(request.body, sort_keys=True) for request in server.requests]
    assert len(bodies) == len(set(bodies)) == 2 * 13
    assert record()["calls"]["assistant"]["shared"] == 2 * (29 - 13)


def test_an_unchanged_run_makes_no_call_and_a_second_trial_is_no_replay(
    project: pytest.Pytester, record: Callable[[], Any]
) -> None:
    with FakeServer(product) as server:
        options = [*OPTIONS, f"--pa-api-base={server.url}"]
        project.runpytest_subprocess(*options)
        first, cases = len(server.requests), record()["cases"]
        project.runpytest_subprocess(*options)
        assert len(server.requests) == first
        assert [case["outcome"] for case in record()["cases"]] == [case["outcome"] for case in cases]
        project.runpytest_subprocess(*options, "--pa-trials=2")
        assert len(server.requests) == 2 * first


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_provider_trouble_is_an_error_never_a_fail_or_a_pass(
    project: pytest.Pytester, record: Callable[[], Any], name: str
) -> None:
    with FakeServer(FAULTS[name]) as server:
        result = project.runpytest_subprocess(
            *OPTIONS, f"--pa-api-base={server.url}", "-k", "satay and (alone or control)", "--pa-timeout=1"
        )
    outcomes = {case["outcome"] for case in record()["cases"]}
    assert outcomes == {"error"}
    assert result.ret == 10
    assert all(case["trials"][0]["error"]["message"] for case in record()["cases"])


def test_a_refused_connection_is_an_error_with_its_cause(project: pytest.Pytester, record: Callable[[], Any]) -> None:
    result = project.runpytest_subprocess(*OPTIONS, "--pa-api-base=http://127.0.0.1:9/v1")
    assert result.ret == 10
    assert "127.0.0.1:9" in record()["cases"][0]["trials"][0]["error"]["message"]


def test_a_stumbling_provider_is_retried(project: pytest.Pytester) -> None:
    seen: list[int] = []

    def script(request: dict[str, Any]) -> Any:
        seen.append(1)
        return Fault(status=500) if len(seen) == 1 else product(request)

    with FakeServer(script) as server:
        result = project.runpytest_subprocess(*OPTIONS, f"--pa-api-base={server.url}", "-k", "satay and control")
    assert result.ret == 0


def test_keys_stay_out_of_everything_that_is_written(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-0123456789")

    def echo(request: dict[str, Any]) -> Any:
        return Fault('{"error": {"message": "Incorrect API key provided: sk-very-secret-0123456789"}}', status=401)

    with FakeServer(echo) as server:
        result = project.runpytest_subprocess(*OPTIONS, f"--pa-api-base={server.url}", "-v")
        assert server.requests[0].headers["Authorization"] == "Bearer sk-very-secret-0123456789"
        assert len(server.requests) < 12
    assert result.ret == 10
    written = [path.read_bytes() for path in project.path.rglob("*") if path.is_file()]
    assert written
    assert not [text for text in [*written, result.stdout.str().encode()] if b"very-secret" in text]


def test_hostile_replies_do_not_break_the_run(project: pytest.Pytester, record: Callable[[], Any]) -> None:
    hostile = "No. \ud800 You told me about your peanut allergy \x1b[2J\x00 ::error::x ##[error] \u202e" + "x" * 5000
    with FakeServer(lambda request: hostile) as server:
        result = project.runpytest_subprocess(*OPTIONS, f"--pa-api-base={server.url}", "-n", "2", "--junitxml=j.xml")
    assert result.ret == 1
    assert len(record()["cases"]) == 12
    assert "\x1b[2J" not in result.stdout.str()
