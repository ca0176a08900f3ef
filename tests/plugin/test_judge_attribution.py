"""`--pa-attribute`: probe conversations say why a case fails; they change no outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.fakeserver import FakeServer
from tests.plugin.scripted_judge import BAD, FINE, GOOD

Record = Callable[[], Any]
RUN = ["--pa-model=openai/fake", "-p", "no:cacheprovider", "--pa-cases=cases/allergy.yaml"]


def inattentive(request: dict[str, Any]) -> str:
    """It heeds the allergy only if the last turn tells it."""
    last = request["messages"][-1]["content"]
    if "rice stall" in last:
        return FINE
    return GOOD if "peanut" in last and "satay" in last else BAD


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_mends_the_reply_names_the_cause(project: pytest.Pytester, record: Record, workers: str) -> None:
    with FakeServer(inattentive) as server:
        base = f"--pa-api-base={server.url}"
        plain = project.runpytest_subprocess(*RUN, base, "-n", workers)
        before, sent = record(), len(server.requests)
        result = project.runpytest_subprocess(*RUN, base, "--pa-attribute", "-n", workers)
        more = len(server.requests) - sent
    document = record()
    outcomes = [(case["nodeid"], case["outcome"], case["failure_mode"]) for case in document["cases"]]
    assert outcomes == [(case["nodeid"], case["outcome"], case["failure_mode"]) for case in before["cases"]]
    assert plain.parseoutcomes() == result.parseoutcomes() == {"passed": 1, "failed": 5}
    failed = [case for case in document["cases"] if case["outcome"] == "fail"]
    assert {case["attribution"]["cause"] for case in failed} == {"inattentiveness"}
    for case in failed:
        tried = case["attribution"]["probes"]
        assert (tried["repeat"], tried["fact-restated"]) == ("fail", "pass")
    assert [case["attribution"] for case in document["cases"] if case["outcome"] == "pass"] == [None]
    assert document["calls"]["assistant"]["sent"] == more > 0
    result.stdout.fnmatch_lines(["experiment    Passes when the fact is restated in the last turn*: attention."])
    assert "restated in the last turn" in (project.path / "reports" / "report.html").read_text()


def test_a_budget_ends_probes_and_no_case(project: pytest.Pytester, record: Record) -> None:
    with FakeServer(inattentive) as server:
        base = f"--pa-api-base={server.url}"
        project.runpytest_subprocess(*RUN, base)
        result = project.runpytest_subprocess(*RUN, base, "--pa-attribute", "--pa-max-calls=3")
        result.assert_outcomes(passed=1, failed=5)
    document = record()
    assert document["calls"]["assistant"]["sent"] == 3
    assert document["run"]["verdict"] == "fail"


def test_a_recording_cannot_be_probed(project: pytest.Pytester) -> None:
    project.path.joinpath("said.jsonl").write_text("{}\n")
    result = project.runpytest_subprocess("--pa-model=replay:said.jsonl", "--pa-attribute")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--pa-attribute: probes need an assistant*"])


def test_a_bug_of_ours_ends_no_run_in_waiting(project: pytest.Pytester, record: Record) -> None:
    project.makeconftest(
        """
        from pytest_personal_align.core.referee import Referee

        def receive(self, result):
            raise RuntimeError("a bug")

        Referee.receive = receive
        """
    )
    result = project.runpytest_subprocess("--pa-model=demo/attentive", timeout=300)
    assert result.ret == 10
    result.assert_outcomes(errors=12)
    document = record()
    assert document["run"]["verdict"] == "invalid"
    assert "RuntimeError: a bug" in document["run"]["reason"]
    assert "RuntimeError: a bug" in str(document["run"]["warnings"])
