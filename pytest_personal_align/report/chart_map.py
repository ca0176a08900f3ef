"""The map: use cases by scenario and arm, a cell for each case, category by category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_personal_align.core.record import CaseRecord
from pytest_personal_align.report.tally import Outcomes, in_order

CELL = 18
LABEL = 190
_MOST_TRIALS = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """``shape`` is an outcome or ``tolerated``; ``trials`` one letter each where there is more than one."""

    x: int
    index: int
    anchor: str
    shape: str
    trials: str
    name: str


@dataclass(frozen=True, slots=True)
class Row:
    y: int
    label: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Panel:
    """Rows of one category: those with anything but passes first, the others to be folded."""

    category: str
    outcomes: Outcomes
    columns: list[tuple[int, str]]
    arms: list[tuple[int, str]]
    width: int
    top: int
    loud: list[Row]
    quiet: list[Row]


def panels(cases: Sequence[CaseRecord], anchors: Sequence[str]) -> list[Panel]:
    """One panel for each category, in the order of the record."""
    arms = in_order([case.arm for case in cases])
    found = []
    for category in in_order([case.category for case in cases]):
        members = [(index, case) for index, case in enumerate(cases) if case.category == category]
        scenarios = in_order([case.scenario for _, case in members])
        gap = CELL // 2
        longest = min(24, max(len(scenario) for scenario in scenarios))
        places = {
            (arm, scenario): LABEL + number * (len(scenarios) * CELL + gap) + column * CELL
            for number, arm in enumerate(arms)
            for column, scenario in enumerate(scenarios)
        }
        rows: dict[str, list[Cell]] = {}
        for index, case in members:
            rows.setdefault(case.use_case, []).append(
                _cell(case, index, anchors[index], places[case.arm, case.scenario])
            )
        loud: list[tuple[str, list[Cell]]] = []
        quiet: list[tuple[str, list[Cell]]] = []
        for label, cells in rows.items():
            bad = any(cell.shape != "pass" for cell in cells)
            (loud if bad else quiet).append((label, sorted(cells, key=lambda cell: cell.x)))
        loud.sort(key=lambda row: -sum(cell.shape == "fail" for cell in row[1]))
        found.append(
            Panel(
                category,
                Outcomes.of(case for _, case in members),
                [(x, scenario) for (_, scenario), x in places.items()],
                [(LABEL + number * (len(scenarios) * CELL + gap), arm) for number, arm in enumerate(arms)],
                LABEL + len(arms) * (len(scenarios) * CELL + gap) + 4 * longest,
                (26 if len(arms) > 1 else 8) + 5 * longest,
                _rows(loud),
                _rows(quiet),
            )
        )
    return found


def _rows(rows: Sequence[tuple[str, list[Cell]]]) -> list[Row]:
    return [Row(number * CELL, label, cells) for number, (label, cells) in enumerate(rows)]


def _cell(case: CaseRecord, index: int, anchor: str, x: int) -> Cell:
    tolerated = case.tolerated and case.outcome in ("fail", "unclear")
    trials = "".join(trial.outcome[0] for trial in case.trials[:_MOST_TRIALS]) if len(case.trials) > 1 else ""
    mode = f" ({case.failure_mode.replace('_', ' ')})" if case.failure_mode else ""
    name = f"{case.use_case}, {case.scenario}: {'tolerated ' if tolerated else ''}{case.outcome}{mode}"
    return Cell(x, index, anchor, "tolerated" if tolerated else case.outcome, trials, name)
