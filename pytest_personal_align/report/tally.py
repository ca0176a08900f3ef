"""Counts and pooled rates over the cases of a record, for tables and charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pytest_personal_align.core.intervals import wilson_lower_bound, wilson_upper_bound
from pytest_personal_align.core.rates import CaseCount, clustered_rate
from pytest_personal_align.core.record import CaseRecord


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Cases by outcome. ``fail`` is without the ``tolerated`` ones."""

    passed: int
    fail: int
    tolerated: int
    unclear: int
    error: int

    @property
    def total(self) -> int:
        return self.passed + self.fail + self.tolerated + self.unclear + self.error

    @classmethod
    def of(cls, cases: Iterable[CaseRecord]) -> Outcomes:
        seen = Counter(
            "tolerated" if case.tolerated and case.outcome in ("fail", "unclear") else case.outcome for case in cases
        )
        return cls(seen["pass"], seen["fail"], seen["tolerated"], seen["unclear"], seen["error"])


@dataclass(frozen=True, slots=True)
class Rate:
    """A failure rate over cases with one-sided 95 % bounds; ``label`` says over which."""

    label: str
    cases: int
    failed: float
    rate: float
    low: float
    high: float


def failure_rate(label: str, cases: Iterable[CaseRecord]) -> Rate | None:
    """Failed share of the judged trials, each case with the same weight; None where nothing was judged."""
    counts = [found for case in cases if (found := _count(case)) is not None]
    if not counts:
        return None
    estimate = clustered_rate(counts)
    return Rate(
        label,
        len(counts),
        float(sum(one.mean for one in counts)),
        estimate.rate,
        wilson_lower_bound(estimate.rate, estimate.effective_size),
        wilson_upper_bound(estimate.rate, estimate.effective_size),
    )


def rates_by(cases: Iterable[CaseRecord], label: Callable[[CaseRecord], str | None]) -> list[Rate]:
    """One rate for each label, in the order in which the labels come; a case without a label is left out."""
    groups: dict[str, list[CaseRecord]] = {}
    for case in cases:
        name = label(case)
        if name is not None:
            groups.setdefault(name, []).append(case)
    return [rate for name, group in groups.items() if (rate := failure_rate(name, group)) is not None]


def distance(case: CaseRecord) -> int | None:
    """User turns between the one that tells the fact and the request; None where the transcript does not show it."""
    if not case.trials or not case.fact:
        return None
    turns = [message.content for message in case.trials[0].messages if message.role == "user"]
    told = next((index for index, text in enumerate(turns) if case.fact in text), None)
    asked = next((index for index, text in enumerate(turns) if case.request and text == case.request), None)
    return None if told is None or asked is None or asked <= told else asked - told - 1


def worst_first(cases: Iterable[CaseRecord]) -> list[CaseRecord]:
    """Critical before serious, what breaks a gate before what is tolerated, often before rarely."""

    def rank(case: CaseRecord) -> tuple[bool, bool, float, str]:
        failed = sum(trial.outcome == "fail" for trial in case.trials) / max(1, len(case.trials))
        return case.tolerated, case.severity != "critical", -failed, case.nodeid

    return sorted(cases, key=rank)


def _count(case: CaseRecord) -> CaseCount | None:
    outcomes = [trial.outcome for trial in case.trials] or [case.outcome]
    judged = [outcome for outcome in outcomes if outcome != "error"]
    return CaseCount(judged.count("fail"), len(judged)) if judged else None


def in_order(values: Sequence[str]) -> list[str]:
    """Distinct values in the order of their first place."""
    return list(dict.fromkeys(values))
