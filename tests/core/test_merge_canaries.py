"""A judge that drifted in one job makes the merged run invalid."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_personal_align.core.merge import merge
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.record import ArmInfo, JudgeInfo, RunInfo, RunRecord
from pytest_personal_align.core.regate import regate

GOOD = {"judged": 60, "right": 60, "problem": None}
DRIFTED = {"judged": 60, "right": 50, "problem": "judge drift: 50 of 60"}


def shard(index: int, canaries: dict[str, Any] | None) -> tuple[str, RunRecord]:
    run = RunInfo(id=str(index), started="2026-01-02T03:04:05+00:00", command=[], versions={}, seed=0,
                  shard={"index": index, "of": 2})  # fmt: skip
    judge = JudgeInfo(name="openai/judge", version="v", canaries=canaries)
    return f"{index}.json", RunRecord(run=run, arms=[ArmInfo(name="x", model="x")], judge=judge)


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [(GOOD, DRIFTED, DRIFTED), (DRIFTED, GOOD, DRIFTED), (None, GOOD, GOOD), (None, None, None)],
)
def test_the_worst_is_kept(first: Any, second: Any, kept: Any) -> None:
    joined = merge([shard(1, first), shard(2, second)], whole=False)
    assert joined.judge.canaries == kept
    run = regate(joined, GateOptions()).record.run
    assert (run.verdict == "invalid", "judge drift" in run.reason) == (kept is DRIFTED, kept is DRIFTED)
