"""`cases/labels.jsonl`: what a person said of exactly this reply goes before the judge."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Record = Callable[[], Any]
RUN = ["--pa-model=demo/forgetful", "-p", "no:cacheprovider"]


def test_a_decision_overrides_the_judge_and_is_marked(project: pytest.Pytester, record: Record) -> None:
    project.runpytest_subprocess(*RUN)
    failed = [case for case in record()["cases"] if case["outcome"] == "fail"]
    known = failed[0]
    row = {"id": known["nodeid"], "category": known["category"], "fact": known["fact"], "note": "It is fine.",
           "messages": known["trials"][0]["messages"], "labels": {"ann": "pass", "rules": "fail"}}  # fmt: skip
    of_a_judge = {**row, "id": "other", "messages": failed[-1]["trials"][0]["messages"], "labels": {"rules": "pass"}}
    labels = project.path / "cases" / "labels.jsonl"
    labels.write_text(json.dumps(row) + "\n" + json.dumps(of_a_judge) + "\n")
    project.runpytest_subprocess(*RUN, "-n", "2")
    document = record()
    by_id = {case["nodeid"]: case for case in document["cases"]}
    trial = by_id[known["nodeid"]]["trials"][0]
    assert (trial["outcome"], trial["judged_by"]) == ("pass", "human: ann")
    assert "It is fine." in trial["explanation"]
    assert by_id[failed[-1]["nodeid"]]["outcome"] == "fail"
    assert "labels.jsonl: other: only judges have labelled it, no person" in document["run"]["warnings"]

    labels.write_text("{\n")
    result = project.runpytest_subprocess(*RUN)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*labels.jsonl:1: is not JSON*"])
