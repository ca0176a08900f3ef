"""Agreement with people on real replies, where the file is there (``PA_HUMAN_RATED``)."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from pytest_personal_align.core.agreement import cohen_kappa, confusion_matrix
from pytest_personal_align.judging.labelled import read_labelled
from pytest_personal_align.judging.rules import RulesJudge
from pytest_personal_align.judging.run import judge_all

FILE = os.environ.get("PA_HUMAN_RATED", "")


@pytest.mark.skipif(not FILE, reason="PA_HUMAN_RATED names no file of human-rated replies")
@pytest.mark.parametrize("rater", ["human1", "human2"])
def test_kappa_with_each_person(rater: str) -> None:
    rows = read_labelled(Path(FILE))
    verdicts = asyncio.run(judge_all(RulesJudge(), rows))
    people = ["pass" if row.labels[rater] == "pass" else "other" for row in rows]
    rules = ["pass" if verdict.outcome == "pass" else "other" for verdict in verdicts]
    kappa = cohen_kappa(confusion_matrix(people, rules, labels=("pass", "other")))
    assert kappa is not None
    assert kappa.coefficient >= 0.85
