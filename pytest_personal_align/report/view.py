"""What the report's templates show, worked out from a run record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from pytest_personal_align.core.record import ArmInfo, CaseRecord, GateRecord, RunRecord
from pytest_personal_align.core.result import FAILURE_MODES
from pytest_personal_align.report import cards, figures
from pytest_personal_align.report import wording as w
from pytest_personal_align.report.changes import Changes, all_changes
from pytest_personal_align.report.chart_map import Panel, panels
from pytest_personal_align.report.gate_rows import loud, modes_counted, quiet
from pytest_personal_align.report.tally import Outcomes, in_order, worst_first

MOST_CARDS = 400
"""Failures with their whole conversation in the HTML; further ones are listed, and drawn by the script on demand."""


@dataclass(frozen=True, slots=True)
class ArmView:
    info: ArmInfo
    resolved: list[str]
    outcomes: Outcomes


@dataclass(frozen=True, slots=True)
class GateView:
    """``query`` filters the page to what the gate counts; ``change`` is the difference to baseline or first arm."""

    row: GateRecord
    query: str
    change: float | None
    p: float | None

    @property
    def limit(self) -> str:
        """A dash where it is held against something else than a number."""
        return w.limit(self.row) if self.row.kind == "threshold" else "–"


@dataclass(frozen=True, slots=True)
class GateGroup:
    """The gates of an arm; ``quiet`` are the modes of which only the name is told."""

    arm: str
    gates: list[GateView]
    quiet: list[GateRecord]


@dataclass(frozen=True, slots=True)
class Listed:
    """A case that is only named."""

    anchor: str
    index: int
    case: CaseRecord


@dataclass(frozen=True, slots=True)
class Page:
    record: RunRecord
    arms: list[ArmView]
    outcomes: Outcomes
    gates: list[GateGroup]
    limits: bool
    gate_scale: figures.Scale
    changes: list[Changes]
    panels: list[Panel]
    charts: list[figures.Chart]
    contrasts: list[figures.Contrast]
    contrast_scale: figures.Scale
    failures: list[cards.Card]
    further: list[Listed]
    unclear: list[cards.Card]
    errors: list[tuple[str, list[cards.Card], int]]
    choices: dict[str, list[str]]
    disagreements: list[tuple[Listed, int, list[str]]]
    failed: int
    undecided: int


def page(record: RunRecord, baseline: RunRecord | None) -> Page:
    """The whole view of a record."""
    anchors = cards.anchors(record.cases)
    places = {id(case): index for index, case in enumerate(record.cases)}

    def card(case: CaseRecord) -> cards.Card:
        return cards.card(case, places[id(case)], anchors[places[id(case)]], record.run)

    def listed(case: CaseRecord) -> Listed:
        return Listed(anchors[places[id(case)]], places[id(case)], case)

    failed = worst_first(case for case in record.cases if case.outcome == "fail")
    unclear = worst_first(case for case in record.cases if case.outcome == "unclear")
    room = max(40, MOST_CARDS - len(failed))
    contrasts, contrast_scale = figures.contrasts(record)
    gates = _gates(record)
    return Page(
        record=record,
        arms=_arms(record),
        outcomes=Outcomes.of(record.cases),
        gates=gates,
        limits=any(gate.limit != "–" for group in gates for gate in group.gates),
        gate_scale=figures.rate_scale(value for row in record.gates for value in (row.high, row.limit)),
        changes=all_changes(record, baseline),
        panels=panels(record.cases, anchors),
        charts=figures.charts(record),
        contrasts=contrasts,
        contrast_scale=contrast_scale,
        failures=[card(case) for case in failed[:MOST_CARDS]],
        further=[listed(case) for case in [*failed[MOST_CARDS:], *unclear[room:]]],
        unclear=[card(case) for case in unclear[:room]],
        errors=_errors(record, card),
        choices=_choices(record),
        disagreements=[
            (listed(case), number, [cards.observed(vote) for vote in trial.votes])
            for case in record.cases
            for number, trial in enumerate(case.trials, 1)
            if len({(vote.acknowledges, vote.stance) for vote in trial.votes}) > 1
        ][:100],
        failed=len(failed),
        undecided=sum(case.outcome in ("unclear", "error") for case in record.cases),
    )


def _arms(record: RunRecord) -> list[ArmView]:
    members: dict[str, list[CaseRecord]] = {arm.name: [] for arm in record.arms}
    for case in record.cases:
        members.setdefault(case.arm, []).append(case)
    views = []
    for arm in record.arms:
        seen = [trial.model for case in members[arm.name] for trial in case.trials if trial.model]
        resolved = in_order([*arm.resolved_models, *seen])
        views.append(ArmView(arm, resolved, Outcomes.of(members[arm.name])))
    return views


def _gates(record: RunRecord) -> list[GateGroup]:
    """By arm, what is broken first."""
    comparison = record.comparison or {}
    tests = {(test.get("mode"), test.get("arm")): test for test in comparison.get("tests") or []}
    arms = in_order([*(arm.name for arm in record.arms), *(row.arm for row in record.gates)])
    base = {row.mode: row.rate for row in record.gates if arms and row.arm == arms[0]}

    def view(row: GateRecord) -> GateView:
        test = tests.get((row.mode, row.arm))
        change, p = (test.get("difference"), test.get("p")) if test else (row.difference, row.p)
        first = base.get(row.mode)
        if change is None and row.arm != arms[0] and row.rate is not None and first is not None:
            change = row.rate - first
        return GateView(row, gate_query(row, record.arms), change, p)

    members = {arm: [row for row in record.gates if row.arm == arm] for arm in arms}
    return [GateGroup(arm, [view(row) for row in loud(rows)], quiet(rows)) for arm, rows in members.items() if rows]


def gate_query(row: GateRecord, arms: Sequence[ArmInfo]) -> str:
    """The filter, as it stands in the page's address, for what a gate counts."""
    category, _, mode = row.mode.rpartition("/")
    query = {"category": category} if category else {}
    if modes := modes_counted(row):
        query["mode"] = " ".join(modes)
    elif mode == "unclear":
        query["outcome"] = "unclear"
    else:
        query["outcome"] = "fail"
    if row.kind == "critical":
        query["severity"] = "critical"
    if len(arms) > 1:
        query["arm"] = row.arm
    return urlencode({key: value.encode("utf-8", "replace") for key, value in query.items()})


def _errors(record: RunRecord, card: Callable[[CaseRecord], cards.Card]) -> list[tuple[str, list[cards.Card], int]]:
    """By kind, most frequent first: the kind, some cards, and how many there are."""
    kinds: dict[str, list[CaseRecord]] = {}
    for case in record.cases:
        if case.outcome == "error":
            kind = next((trial.error.kind for trial in case.trials if trial.error), "internal")
            kinds.setdefault(kind, []).append(case)
    ordered = sorted(kinds.items(), key=lambda item: -len(item[1]))
    return [(kind, [card(case) for case in members[:20]], len(members)) for kind, members in ordered]


def _choices(record: RunRecord) -> dict[str, list[str]]:
    """What each filter may be set to; several failure modes that a gate counts as one stand side by side."""
    cases = record.cases
    modes = {case.failure_mode for case in cases}
    together = [" ".join(counted) for row in record.gates if len(counted := modes_counted(row)) > 1]
    outcomes = {case.outcome for case in cases}
    return {
        "outcome": [name for name in ("fail", "unclear", "error", "pass") if name in outcomes],
        "mode": [mode for mode in FAILURE_MODES if mode in modes] + in_order(together),
        "category": in_order([case.category for case in cases]),
        "scenario": in_order([case.scenario for case in cases]),
        "severity": in_order([case.severity for case in cases]),
        "arm": in_order([case.arm for case in cases]),
    }
