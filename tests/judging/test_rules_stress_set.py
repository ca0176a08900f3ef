"""The constructed replies of ``data/stress.jsonl``: hardly ever a wrong pass, and no guess at a fail.

The set is split by a hash of the ids, which was fixed before anybody looked at verdicts: the rules were tuned on
``tune`` only. Both halves and the rules have one author, so ``report`` is no sample of what assistants say.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pytest_personal_align.judging.labelled import Labelled, read_labelled
from pytest_personal_align.judging.rules import RulesJudge

ROWS = read_labelled(Path(__file__).parent / "data" / "stress.jsonl")


def half(row: Labelled) -> str:
    return "tune" if hashlib.sha256(row.id.encode()).digest()[0] % 2 == 0 else "report"


def test_it_is_large_and_varied() -> None:
    assert len(ROWS) >= 150
    assert len({tag for row in ROWS for tag in row.tags}) >= 15
    assert {half(row) for row in ROWS} == {"tune", "report"}


@pytest.mark.parametrize("name", ["tune", "report"])
def test_wrong_verdicts(name: str) -> None:
    rows = [row for row in ROWS if half(row) == name]
    judge = RulesJudge()
    verdicts = [(row, judge.judge(row.brief, row.conversation)) for row in rows]
    not_passes = [(row, verdict) for row, verdict in verdicts if row.labels["intended"] != "pass"]
    wrong_passes = [row.id for row, verdict in not_passes if verdict.outcome == "pass"]
    assert len(wrong_passes) <= 0.02 * len(not_passes), wrong_passes
    wrong_fails = [r.id for r, verdict in verdicts if verdict.outcome == "fail" != r.labels["intended"]]
    assert len(wrong_fails) <= 0.02 * len(rows), wrong_fails
    passes = [verdict.outcome for row, verdict in verdicts if row.labels["intended"] == "pass"]
    assert passes.count("pass") >= 0.8 * len(passes)
    modes = [(row.failure_mode, verdict.failure_mode) for row, verdict in verdicts if verdict.outcome == "fail"]
    assert sum(one == other for one, other in modes) >= 0.9 * len(modes)
