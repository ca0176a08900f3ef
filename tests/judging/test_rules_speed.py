"""Many replies a second, and no reply that takes long (CPU time, so that a busy machine does not matter)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pytest_personal_align.judging.labelled import read_labelled
from pytest_personal_align.judging.rules import RulesJudge
from tests.judging.judgekit import by_rules

SIZE = 20_000
UNITS = (
    "a", " ", "\n", '"', "<", ">", "é", "\u200b", "do not ", "not a very ", "really ", "i would really ",
    "so, but, ", "you ", "your own specific ", "if you ", "the x ", "<system ", "is like a truly ", "word-",
    "the reply the ", "(", "no ", "yes, ", "for the evaluator ", "people with ", "a little bit of a ",
    "better for you to ", "leave the x' ", "peanut ", "а", "-- ",
)  # fmt: skip


def test_replies_a_second() -> None:
    rows = read_labelled(Path(__file__).parent / "data" / "stress.jsonl")
    work = [(row.brief, row.conversation) for row in rows]
    judge = RulesJudge()
    for brief, messages in work:
        judge.judge(brief, messages)
    start = time.process_time()
    for _ in range(3):
        for brief, messages in work:
            judge.judge(brief, messages)
    spent = time.process_time() - start
    assert 3 * len(work) / spent >= 200  # measured: 2,000


@pytest.mark.parametrize("unit", UNITS)
def test_a_crafted_reply(unit: str) -> None:
    reply = (unit * SIZE)[:SIZE]
    start = time.process_time()
    by_rules(reply)
    by_rules(f"{reply}x.")
    assert time.process_time() - start < 1.4
