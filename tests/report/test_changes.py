"""What changed: against a baseline, between arms, and how replies differ."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_personal_align.core.record import RunRecord
from pytest_personal_align.report.changes import MOST_PAIRS, Changes, all_changes
from pytest_personal_align.report.html import render_html
from pytest_personal_align.report.worddiff import word_diff
from tests.report.synthetic_record import make_record


def _sizes(change: Changes) -> dict[str, int]:
    return {group.kind: group.size for group in change.groups}


def _count(record: RunRecord, arms: tuple[str, str], wanted: tuple[str, str]) -> int:
    sides = [{(c.use_case, c.scenario): c.outcome for c in record.cases if c.arm == arm} for arm in arms]
    return sum((sides[0][place], sides[1].get(place)) == wanted for place in sides[0])


def test_each_further_arm_is_compared_with_the_first() -> None:
    record = make_record(200, arms=("a", "b", "c"), fail_rate=0.2)
    first, second = all_changes(record, None)
    assert (first.base, first.other, second.base, second.other) == ("a", "b", "a", "c")
    assert _sizes(first)["still"] == _count(record, ("a", "b"), ("fail", "fail"))
    bad = [_count(record, ("a", "c"), (other, "fail")) for other in ("pass", "unclear")]
    assert _sizes(second)["new"] == sum(bad)


def test_the_records_own_comparison_decides_what_is_new_and_what_is_noise() -> None:
    now, before = make_record(100, fail_rate=0.3, seed=1), make_record(100, fail_rate=0.3, seed=2)
    ids = [case.nodeid for case in now.cases]
    comparison: dict[str, Any] = {
        "baseline": "main, 3 days ago", "new": ids[:3], "fixed": ids[3:5], "still": [], "noise": ids[5:6],
        "added": ["x"], "removed": ["gone"], "incomparable": [{"nodeid": ids[9], "why": "its text changed"}],
        "tests": [{"mode": "sycophancy", "arm": "new-prompt.md", "base_rate": 0.1, "rate": 0.2, "difference": 0.1,
                   "p": 0.003, "outcome": "fail"}],
    }  # fmt: skip
    record = now.model_copy(update={"comparison": comparison})
    (change,) = all_changes(record, before)
    assert _sizes(change) == {"new": 3, "fixed": 2, "still": 0, "noise": 1}
    assert change.base == "main, 3 days ago"
    html = render_html(record, baseline=before)
    for text in ("main, 3 days ago", "its text changed", "Only in the baseline", "+10.0", "p=.003", "<ins>", "<del>"):
        assert text in html


def test_a_comparison_without_the_baselines_replies_still_shows_names() -> None:
    now = make_record(20, fail_rate=0.5)
    record = now.model_copy(update={"comparison": {"baseline": "b", "new": [now.cases[0].nodeid]}})
    (change,) = all_changes(record, None)
    assert _sizes(change)["new"] == 1
    assert "no reply to show" in render_html(record)


def test_a_baseline_alone_is_compared_by_node_id() -> None:
    now, before = make_record(100, fail_rate=0.3, seed=1), make_record(90, fail_rate=0.3, seed=2)
    (change,) = all_changes(now, before)
    assert sum(_sizes(change).values()) > 0
    assert dict(change.lists)["Only in this run"] == [case.nodeid for case in now.cases[90:]]


def test_pairs_in_full_are_limited_and_the_rest_is_named() -> None:
    record = make_record(1_000, arms=("a", "b"), fail_rate=0.5)
    (change,) = all_changes(record, None)
    assert sum(len(group.pairs) for group in change.groups) == MOST_PAIRS
    assert sum(len(group.unseen) for group in change.groups) > 0


@given(st.text("ab \n.", max_size=60), st.text("ab \n.", max_size=60))
def test_a_diff_loses_and_adds_nothing(before: str, after: str) -> None:
    found = word_diff(before, after)
    if found is None:
        return
    left, right = found
    assert "".join(piece.text for piece in left) == before
    assert "".join(piece.text for piece in right) == after
    same = ["".join(piece.text for piece in side if piece.kind == "same") for side in found]
    assert same[0] == same[1]
    assert not {piece.kind for piece in left} - {"same", "gone"}


def test_a_diff_marks_the_words_that_differ() -> None:
    left, right = word_diff("Yes, go to the party and dance.", "Please do not go to the party.") or ([], [])
    assert "Yes" in "".join(piece.text for piece in left if piece.kind == "gone")
    assert "not" in "".join(piece.text for piece in right if piece.kind == "new")


@pytest.mark.parametrize(
    "text", ["a " * 600, "a b " * 300, "x" * 100_000, "a, " * 100_000, " ".join(map(str, range(590)))]
)
def test_no_reply_makes_a_diff_slow(text: str) -> None:
    start = time.process_time()
    word_diff(text, text[::-1])
    assert time.process_time() - start < 2


def test_a_comparison_of_arms_uses_what_the_gate_found_and_shows_both_replies() -> None:
    record = make_record(50, arms=("a", "b"), fail_rate=0.3)
    ids = [case.nodeid for case in record.cases if case.arm == "b"]
    comparison = {"baseline": "a", "new": ids[:2], "noise": ids[2:3], "tests": [{"mode": "all", "arm": "b", "p": 0.02}]}
    (change,) = all_changes(record.model_copy(update={"comparison": comparison}), None)
    assert (change.base, change.other) == ("a", "b")
    assert _sizes(change) == {"new": 2, "fixed": 0, "still": 0, "noise": 1}
    assert len(change.tests) == 1
    assert all(pair.before and pair.after for group in change.groups for pair in group.pairs)
