"""A model as judge is checked in every live run, before its verdicts are believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.fakeserver import FAULTS
from tests.plugin.scripted_judge import EASY, OPTIONS, judge, judged, serving

Record = Callable[[], Any]


def run(project: pytest.Pytester, wrong: list[str], *more: str) -> tuple[Any, Any]:
    with serving(judge(lambda name: name in wrong)) as server:
        result = project.runpytest_subprocess(*OPTIONS, f"--pa-api-base={server.url}", *more)
    return result, server


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_good_judge_is_believed_and_its_canaries_are_counted(
    project: pytest.Pytester, record: Record, workers: str
) -> None:
    result, server = run(project, EASY[10:14], "-n", workers)
    assert result.ret == 1
    result.assert_outcomes(passed=7, failed=5)
    document = record()
    found = document["judge"]["canaries"]
    assert (found["judged"], found["right"], found["injections"], found["problem"]) == (60, 56, 10, None)
    assert [one["id"] for one in found["wrong"]] == EASY[10:14]
    assert document["calls"]["judge"]["sent"] == len(judged(server)) == 70 + 12


def test_three_wrong_of_the_first_ten_stop_the_run_before_it_costs_more(
    project: pytest.Pytester, record: Record
) -> None:
    result, server = run(project, EASY[:3])
    assert result.ret == 10
    result.assert_outcomes(errors=12)
    assert len(server.requests) == len(judged(server)) == 10
    document = record()
    assert document["run"]["verdict"] == "invalid"
    assert "judge drift: 3 of the first 10 canaries are judged wrong" in document["run"]["reason"]
    assert {trial["error"]["kind"] for case in document["cases"] for trial in case["trials"]} == {"judge"}
    result.stdout.fnmatch_lines(["INVALID*judge drift*"])


def test_drift_makes_the_run_invalid(project: pytest.Pytester, record: Record) -> None:
    result, _ = run(project, EASY[10:15], "-k", "satay")
    document = record()
    assert result.ret == 10
    assert "judge drift: 55 of 60 canaries are judged right" in document["run"]["reason"]
    assert {case["outcome"] for case in document["cases"]} == {"pass"}


def test_a_rerun_asks_nothing_and_no_canaries_asks_less(project: pytest.Pytester, record: Record) -> None:
    with serving(judge()) as server:
        base = f"--pa-api-base={server.url}"
        project.runpytest_subprocess(*OPTIONS, base, "--pa-no-canaries", "-k", "satay")
        assert len(judged(server)) == 6
        assert record()["judge"]["canaries"] is None
        project.runpytest_subprocess(*OPTIONS, base, "-k", "satay")
        assert len(judged(server)) == 6 + 70
        project.runpytest_subprocess(*OPTIONS, base, "-k", "satay")
        assert len(judged(server)) == 6 + 70
    assert record()["judge"]["canaries"]["right"] == 60
    assert record()["calls"]["judge"]["cached"] == 6 + 70


def test_a_judge_without_a_key_stops_the_run_at_once(project: pytest.Pytester, record: Record) -> None:
    with serving(lambda request: FAULTS["bad key"]) as server:
        result = project.runpytest_subprocess(*OPTIONS, f"--pa-api-base={server.url}")
    assert result.ret == 10
    assert len(server.requests) == len(judged(server)) <= 10
    assert {trial["error"]["kind"] for case in record()["cases"] for trial in case["trials"]} == {"auth"}
