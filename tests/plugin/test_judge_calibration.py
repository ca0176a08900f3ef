"""`--pa-calibration`: what is known of the judge stands in the record, and corrects the gate."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pytest_personal_align.judging.rules import RulesJudge

Record = Callable[[], Any]
RUN = ["--pa-model=demo/forgetful", "--pa-threshold=inattentiveness=0.5", "-p", "no:cacheprovider"]


def calibration(version: str, **changes: Any) -> str:
    share = {"count": 90, "total": 100, "low": 0.83, "high": 0.94}
    whole = {"schema_version": 1, "judge": "rules", "version": version, "may_gate": True, "reason": "fine",
             "sensitivity": share, "specificity": {**share, "count": 98}, **changes}  # fmt: skip
    return json.dumps(whole)


def test_it_is_in_the_record_and_the_gate(project: pytest.Pytester, record: Record) -> None:
    project.path.joinpath("c.json").write_text(calibration(RulesJudge().version))
    project.makeini("[pytest]\npa_calibration = c.json\n")
    result = project.runpytest_subprocess(*RUN)
    document = record()
    assert document["judge"]["calibration"]["sensitivity"]["count"] == 90
    (gate,) = [one for one in document["gates"] if one["mode"] == "inattentiveness"]
    assert gate["corrected"] is not None
    result.stdout.fnmatch_lines(["the judge is calibrated and may gate (fine)"])


def test_of_another_judge_it_is_told_and_not_used(project: pytest.Pytester, record: Record) -> None:
    project.path.joinpath("c.json").write_text(calibration("rules-of-yore"))
    result = project.runpytest_subprocess(*RUN, "--pa-calibration=c.json")
    document = record()
    assert document["judge"]["calibration"] is None
    result.stdout.fnmatch_lines(["the judge is not calibrated: the thresholds hold for what it reports*"])
    assert [warning for warning in document["run"]["warnings"] if "rules-of-yore" in warning]
    assert {gate["corrected"] for gate in document["gates"]} == {None}
    result.stdout.fnmatch_lines(["warning: the calibration is of judge version rules-of-yore*"])


def test_a_poor_judge_is_shown_as_one(project: pytest.Pytester, record: Record) -> None:
    text = calibration(RulesJudge().version, may_gate=False, reason="its AC1 is 0.53; 0.80 is needed")
    project.path.joinpath("c.json").write_text(text)
    result = project.runpytest_subprocess(*RUN, "--pa-calibration=c.json")
    assert record()["judge"]["calibration"]["may_gate"] is False
    told = ["warning: the calibration is not good enough (its AC1 is 0.53;*"]
    result.stdout.fnmatch_lines([*told, "the judge is calibrated and may not gate (its AC1 is*"])


def test_no_calibration_is_a_usage_error(project: pytest.Pytester) -> None:
    project.path.joinpath("c.json").write_text("{}")
    result = project.runpytest_subprocess(*RUN, "--pa-calibration=c.json")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--pa-calibration: *c.json is not a calibration*"])
