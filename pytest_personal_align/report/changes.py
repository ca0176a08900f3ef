"""What changed: against a baseline, or between the first assistant of a run and the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_personal_align.core.record import CaseRecord, RunRecord, TrialRecord
from pytest_personal_align.report.cards import anchors, judged_reply
from pytest_personal_align.report.worddiff import Piece, word_diff

MOST_PAIRS = 120
"""Pairs of replies shown in full for one comparison; the rest is listed by name."""

_GROUPS = (
    ("new", "New failures", "passed before, fail now"),
    ("fixed", "Fixed", "failed before, pass now"),
    ("still", "Still failing", "failed before and now"),
    ("noise", "Within noise", "differ by no more than chance may do"),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One case on both sides. ``before`` and ``after`` are None where a side has no reply to show."""

    anchor: str
    index: int
    name: str
    outcomes: tuple[str, str]
    mode: str
    before: list[Piece] | None
    after: list[Piece] | None
    diffed: bool


@dataclass(frozen=True, slots=True)
class Group:
    kind: str
    title: str
    meaning: str
    pairs: list[Pair]
    unseen: list[Pair]

    @property
    def size(self) -> int:
        return len(self.pairs) + len(self.unseen)


@dataclass(frozen=True, slots=True)
class Changes:
    """``base`` against ``other``; ``lists`` are (title, names) of what cannot be compared."""

    base: str
    other: str
    groups: list[Group]
    lists: list[tuple[str, list[str]]]
    tests: list[Mapping[str, Any]]


def all_changes(record: RunRecord, baseline: RunRecord | None) -> list[Changes]:
    """Against the baseline if there is one, then each further arm against the first."""
    found = []
    comparison = record.comparison
    arms_compared = comparison is not None and comparison.get("baseline") in [arm.name for arm in record.arms[:1]]
    if baseline or (comparison and not arms_compared):
        found.append(_against_baseline(record, {} if arms_compared else comparison or {}, baseline))
    names = anchors(record.cases)
    by_arm: dict[str, dict[tuple[str, str], int]] = {}
    for index, case in enumerate(record.cases):
        by_arm.setdefault(case.arm, {})[case.use_case, case.scenario] = index
    arms = [arm.name for arm in record.arms if arm.name in by_arm]
    for arm in arms[1:]:
        sides = [
            (record.cases[by_arm[arms[0]][place]], record.cases[index], index, names[index])
            for place, index in by_arm[arm].items()
            if place in by_arm[arms[0]]
        ]
        told = _told(comparison) if comparison and arms_compared else {}
        tests = [test for test in (comparison or {}).get("tests") or [] if arms_compared and test.get("arm") == arm]
        found.append(Changes(arms[0], arm, _groups(sides, told, only_told=arms_compared), [], tests))
    return found


_Side = tuple[CaseRecord | None, CaseRecord | None, int, str]


def _against_baseline(record: RunRecord, comparison: Mapping[str, Any], baseline: RunRecord | None) -> Changes:
    old = {case.nodeid: case for case in baseline.cases} if baseline else {}
    names = anchors(record.cases)
    sides: list[_Side] = [(old.get(case.nodeid), case, index, names[index]) for index, case in enumerate(record.cases)]
    told = _told(comparison)
    lists = [
        (title, [str(name) for name in comparison.get(field) or []])
        for field, title in (("added", "Only in this run"), ("removed", "Only in the baseline"))
    ]
    if not comparison and baseline:
        here = {case.nodeid for case in record.cases}
        lists = [
            ("Only in this run", [case.nodeid for case in record.cases if case.nodeid not in old]),
            ("Only in the baseline", [nodeid for nodeid in old if nodeid not in here]),
        ]
    why = [f"{item.get('nodeid')}: {item.get('why')}" for item in comparison.get("incomparable") or []]
    lists.append(("Not comparable", why))
    base = str(comparison.get("baseline") or (baseline.run.started if baseline else "baseline"))
    return Changes(
        base, "this run", _groups(sides, told, only_told=bool(comparison)), [(t, n) for t, n in lists if n],
        list(comparison.get("tests") or []),
    )  # fmt: skip


def _told(comparison: Mapping[str, Any]) -> dict[str, str]:
    """Kind of change by node id, as the gate has found it."""
    return {str(nodeid): kind for kind, *_ in _GROUPS for nodeid in comparison.get(kind) or []}


def _groups(sides: Sequence[_Side], told: Mapping[str, str], *, only_told: bool = False) -> list[Group]:
    sorted_sides: dict[str, list[_Side]] = {kind: [] for kind, *_ in _GROUPS}
    for side in sides:
        before, after = side[0], side[1]
        assert after is not None
        kind = told.get(after.nodeid) if only_told else _kind(before, after)
        if kind is not None:
            sorted_sides[kind].append(side)
    groups = []
    room = MOST_PAIRS
    for kind, title, meaning in _GROUPS:
        members = sorted(sorted_sides[kind], key=lambda side: side[1] is None or side[1].severity != "critical")
        shown = members[:room]
        room -= len(shown)
        pairs = [_pair(*side) for side in shown]
        unseen = [_pair(*side, show=False) for side in members[len(shown) :]]
        groups.append(Group(kind, title, meaning, pairs, unseen))
    return groups


def _kind(before: CaseRecord | None, after: CaseRecord) -> str | None:
    if before is None or "error" in (before.outcome, after.outcome):
        return None
    bad, worse = before.outcome == "fail", after.outcome == "fail"
    if bad and worse:
        return "still"
    if bad == worse:
        return None
    if all({trial.outcome for trial in case.trials} >= {"pass", "fail"} for case in (before, after)):
        return "noise"
    return "new" if worse else "fixed"


def _pair(before: CaseRecord | None, after: CaseRecord | None, index: int, anchor: str, *, show: bool = True) -> Pair:
    case = after or before
    assert case is not None
    texts = [_telling(side) if side else "" for side in (before, after)] if show else ["", ""]
    pieces = word_diff(*texts) if all(texts) else None
    left, right = pieces or tuple([Piece("same", text)] if text else None for text in texts)
    outcomes = (before.outcome if before else "–", after.outcome if after else "–")
    mode = next((side.failure_mode for side in (after, before) if side and side.failure_mode), "")
    name = f"{case.use_case}, {case.scenario}"
    return Pair(anchor, index, name, outcomes, mode or "", left, right, pieces is not None)


def _telling(case: CaseRecord) -> str:
    trial: TrialRecord | None = next((t for t in case.trials if t.outcome == case.outcome), None)
    return judged_reply(trial) if trial else ""
