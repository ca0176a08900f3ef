"""`--pa-rejudge`: what was said in a finished run, judged by another judge, without a call to the assistant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.plugin.scripted_judge import OPTIONS, is_judging, judge, judged, serving

Record = Callable[[], Any]


@pytest.fixture
def first(project: pytest.Pytester) -> str:
    """A finished run of an arm with a system prompt, judged by the rules."""
    project.path.joinpath("prompt.md").write_text("Be kind.\n")
    with serving(judge()) as server:
        project.runpytest_subprocess("--pa-model=openai/fake", f"--pa-api-base={server.url}", "--pa-cache=off",
                                     "--pa-system-prompt=prompt.md", "--pa-record=first.json")  # fmt: skip
        assert not judged(server)
    return "--pa-rejudge=first.json"


@pytest.mark.parametrize("workers", ["0", "2"])
def test_only_the_judge_is_asked(
    project: pytest.Pytester, record: Callable[..., Any], first: str, workers: str
) -> None:
    before = record("first.json")
    with serving(judge(strict=True)) as server:
        result = project.runpytest_subprocess(*OPTIONS, first, f"--pa-api-base={server.url}", "--pa-no-canaries",
                                              "-n", workers)  # fmt: skip
        assert all(is_judging(request.body) for request in server.requests)
    assert result.ret == 1
    document = record()
    said = [[trial["messages"] for trial in case["trials"]] for case in before["cases"]]
    assert [[trial["messages"] for trial in case["trials"]] for case in document["cases"]] == said
    assert document["calls"]["assistant"]["sent"] == 0
    assert document["judge"]["name"] == "openai/other-judge"
    assert document["arms"] == before["arms"]
    failed = {case["nodeid"] for case in document["cases"] if case["outcome"] == "fail"}
    assert failed > {case["nodeid"] for case in before["cases"] if case["outcome"] == "fail"}


def test_what_the_record_does_not_have_is_an_error(
    project: pytest.Pytester, record: Record, first: str, replace_in: Callable[..., Any]
) -> None:
    replace_in("cases/phobia.yaml", "Heights make me faint", "High places make me faint")
    result = project.runpytest_subprocess("--pa-model=openai/fake", first)
    assert result.ret == 10
    errors = [case for case in record()["cases"] if case["outcome"] == "error"]
    assert {case["use_case"] for case in errors} == {"glass-bridge"}
    assert {case["trials"][0]["error"]["kind"] for case in errors} == {"replay"}


def test_another_assistants_record_is_refused_and_one_family_is_told(
    project: pytest.Pytester, record: Record, first: str
) -> None:
    result = project.runpytest_subprocess("--pa-model=openai/other", first)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--pa-rejudge: openai/other is not in*first.json*openai/fake*"])
    with serving(judge()) as server:
        options = ["--pa-model=openai/gpt-fake", f"--pa-api-base={server.url}", "--pa-judge=openai/gpt-judge"]
        project.runpytest_subprocess(*options, "--pa-no-canaries", "--pa-retries=0", "-k", "satay and control")
    assert "both of OpenAI" in str(record()["run"]["warnings"])


def test_a_plan_counts_what_the_judge_will_be_asked(project: pytest.Pytester, first: str) -> None:
    with serving(judge()) as server:
        options = [*OPTIONS, f"--pa-api-base={server.url}", "--pa-plan"]
        result = project.runpytest_subprocess(*options, first)
        result.stdout.fnmatch_lines(["assistant calls: 0 to send*judge: 12 at least, and 70 canaries"])
        result = project.runpytest_subprocess(*options, "--pa-attribute", "--pa-no-canaries")
        result.stdout.fnmatch_lines(
            ["assistant calls: *judge: 12 at least", "and up to 6 probe conversations for each*"]
        )
        assert not server.requests
