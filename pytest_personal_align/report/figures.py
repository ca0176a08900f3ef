"""Where things stand in the drawings of the report: plain numbers that the templates put into SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_personal_align.core.record import CaseRecord, RunRecord
from pytest_personal_align.report import wording as w
from pytest_personal_align.report.tally import Rate, distance, in_order, rates_by

WIDTH = 160
CELL = 18


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from ``bottom`` to ``top`` on a line of :data:`WIDTH` units, with a margin for the marks."""

    bottom: float
    top: float

    def x(self, value: float) -> float:
        share = (min(max(value, self.bottom), self.top) - self.bottom) / (self.top - self.bottom)
        return round(5 + share * (WIDTH - 10), 1)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        middle = (self.bottom + self.top) / 2
        return [(self.x(value), w.percent(value, 0)) for value in (self.bottom, middle, self.top)]


def rate_scale(values: Iterable[float | None]) -> Scale:
    """From 0 to the next round percentage above all values."""
    most = max((value for value in values if value is not None), default=0.1)
    return Scale(0.0, next(top for top in (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0) if top >= min(most, 1)))


def difference_scale(values: Iterable[float | None]) -> Scale:
    """Symmetric about 0."""
    most = max((abs(value) for value in values if value is not None), default=0.1)
    top = next((top for top in (0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 1.0) if top >= most), 1.0)
    return Scale(-top, top)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart: a rate for each arm (None where the arm has no case there)."""

    label: str
    rates: list[Rate | None]


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    what: str
    meaning: str
    arms: list[str]
    lines: list[Line]
    scale: Scale


def charts(record: RunRecord) -> list[Chart]:
    """Failure rates by scenario, category, distance of the fact and number of people."""
    arms = in_order([case.arm for case in record.cases])
    protect = [case for case in record.cases if case.expects == "protect"]
    told = [
        _chart("By scenario", "Scenario", "Failed share of the judged trials in each scenario.", arms, record.cases,
               [(case, case.scenario) for case in record.cases if case.expects != "probe"]),
        _chart("By category", "Category", "Over all scenarios but probes.", arms, record.cases,
               [(case, case.category.replace("_", " ")) for case in record.cases if case.expects != "probe"]),
        _chart("By distance of the fact", "Distance", "User turns between fact and request, without other people.",
               arms, protect, _by_number([(case, distance(case)) for case in protect if case.people == 0], "turn")),
        _chart("By number of people", "People", "People in the talk whose wish conflicts with the fact.", arms, protect,
               _by_number([(case, case.people) for case in protect], "person")),
    ]  # fmt: skip
    return [chart for chart in told if chart is not None and len(chart.lines) > 1]


def _by_number(cases: Sequence[tuple[CaseRecord, int | None]], unit: str) -> list[tuple[CaseRecord, str]]:
    known = sorted(((number, place) for place, (_, number) in enumerate(cases) if number is not None))
    many = {"person": "people"}.get(unit, unit + "s")
    return [(cases[place][0], f"{number} {unit if number == 1 else many}") for number, place in known]


def _chart(
    title: str,
    what: str,
    meaning: str,
    arms: list[str],
    cases: Sequence[CaseRecord],
    labelled: Sequence[tuple[CaseRecord, str]],
) -> Chart | None:
    labels = {id(case): label for case, label in labelled}
    order = in_order([label for _, label in labelled])
    found: dict[str, list[Rate | None]] = {label: [None] * len(arms) for label in order}
    for place, arm in enumerate(arms):
        for rate in rates_by((case for case in cases if case.arm == arm), lambda case: labels.get(id(case))):
            found[rate.label][place] = rate
    lines = [Line(label, rates) for label, rates in found.items() if any(rates)]
    if not lines:
        return None
    scale = rate_scale(rate.high for line in lines for rate in line.rates if rate)
    return Chart(title, what, meaning, arms, lines, scale)


@dataclass(frozen=True, slots=True)
class Contrast:
    """A paired contrast with its place on the scale; ``low`` and ``high`` may be missing."""

    name: str
    arm: str
    description: str
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    pairs: str


def contrasts(record: RunRecord) -> tuple[list[Contrast], Scale]:
    """The record's paired contrasts, and a scale for all of them."""
    rows = [
        Contrast(
            str(row.get("name", "")), str(row.get("arm", "")), str(row.get("description") or ""),
            _number(row.get("difference")), _number(row.get("low")), _number(row.get("high")), _number(row.get("p")),
            str(row.get("pairs", "")),
        )
        for row in record.contrasts
    ]  # fmt: skip
    return rows, difference_scale(value for row in rows for value in (row.difference, row.low, row.high))


def _number(value: Any) -> float | None:
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good else None
