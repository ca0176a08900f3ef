"""Thresholds per failure mode: what a run may claim of its rates (STATISTICS: rule 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from pytest_personal_align.core.agreement import JudgeAccuracy
from pytest_personal_align.core.correction import correct_rate
from pytest_personal_align.core.intervals import (
    rate_of_tail,
    wilson_lower_bound,
    wilson_upper_bound,
    zero_failure_bound,
)
from pytest_personal_align.core.limit import GateOutcome, Limit
from pytest_personal_align.core.modes import Label, concerns
from pytest_personal_align.core.options import GateOptions, UnclearPolicy
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.power import Assumptions, detectable_excess
from pytest_personal_align.core.rates import CaseCount, clustered_rate
from pytest_personal_align.core.result import CaseResult, FailureMode, Outcome
from pytest_personal_align.core.suite import Expectation
from pytest_personal_align.core.waivers import Waived, confirmed_fail, content_of, waived

POWER = 0.8


class Countable(Protocol):
    """What decides whether a gate covers a case: known before it has run."""

    @property
    def arm(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def expects(self) -> Expectation: ...
    @property
    def people(self) -> int: ...
    @property
    def waiver(self) -> Waived | None: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A planned case."""

    key: str
    arm: str
    use_case: str
    category: str
    scenario: str
    expects: Expectation
    people: int
    waiver: Waived | None = None

    @classmethod
    def of(cls, plan: Plan, today: str) -> Entry:
        brief = plan.brief
        return cls(plan.key, plan.arm, brief.use_case, brief.category, brief.scenario, brief.expects,
                   len(brief.people), waived(plan, today))  # fmt: skip


@dataclass(frozen=True, slots=True)
class GateCase:
    """One case as a gate sees it, without its texts.

    ``verdicts`` has a letter for each trial, in order: p(ass), f(ail), u(nclear) or e(rror). ``modes`` are the failure
    modes of these trials; empty where all that fail do so in ``failure_mode``, the case's. ``content`` hashes
    all that was said to the assistant and the judge, whatever the arm; empty where it is not known.
    ``unfunded``: so many of its errors are trials for which the budget did not last.
    ``confirmed``: a fail of a critical case of which two votes and checked evidence are sure (STATISTICS: rule 5).
    """

    key: str
    nodeid: str
    arm: str
    use_case: str
    category: str
    scenario: str
    expects: Expectation
    people: int
    severity: Literal["critical", "serious"]
    outcome: Outcome
    failure_mode: FailureMode | None
    verdicts: str
    content: str = ""
    confirmed: bool = False
    waiver: Waived | None = None
    unfunded: int = 0
    modes: tuple[FailureMode | None, ...] = ()

    @classmethod
    def of(cls, plan: Plan, result: CaseResult, label: Label, today: str = "") -> GateCase:
        """``today`` is an ISO date: waivers end."""
        brief = plan.brief
        return cls(
            key=plan.key,
            nodeid=plan.nodeid,
            arm=plan.arm,
            use_case=brief.use_case,
            category=brief.category,
            scenario=brief.scenario,
            expects=brief.expects,
            people=len(brief.people),
            severity=plan.severity,
            outcome=label.outcome,
            failure_mode=label.failure_mode,
            verdicts="".join(trial.outcome[0] for trial in result.trials),
            content=content_of(plan),
            confirmed=plan.severity == "critical" and confirmed_fail(brief.expects, result.trials),
            waiver=waived(plan, today),
            unfunded=sum(trial.error is not None and trial.error.kind == "budget" for trial in result.trials),
            modes=label.modes,
        )

    @property
    def passed(self) -> int:
        return self.verdicts.count("p")

    @property
    def failed(self) -> int:
        return self.verdicts.count("f")

    @property
    def unclear(self) -> int:
        return self.verdicts.count("u")

    @property
    def errors(self) -> int:
        return self.verdicts.count("e")

    @property
    def trial_modes(self) -> tuple[FailureMode | None, ...]:
        """The failure mode of each trial, None where it did not fail."""
        return self.modes or tuple(self.failure_mode if letter == "f" else None for letter in self.verdicts)

    def first(self, trials: int) -> GateCase:
        """This case as it would be with fewer trials: the first ones."""
        if trials >= len(self.verdicts):
            return self
        return replace(self, verdicts=self.verdicts[:trials], modes=self.trial_modes[:trials])


@dataclass(frozen=True, slots=True)
class Gate:
    """A limit on one mode in one arm, perhaps only in one category. ``limit`` None: each fail fails its item.

    ``accuracy`` is the judge's, where it is calibrated: the limit is then one of the true rate.
    """

    mode: str
    arm: str
    limit: float | None
    category: str | None = None
    accuracy: JudgeAccuracy | None = None

    @property
    def name(self) -> str:
        return f"{self.category}/{self.mode}" if self.category else self.mode


@dataclass(frozen=True, slots=True)
class GateRow:
    """One line of the gate table.

    ``low`` and ``high`` are one-sided 95 % bounds of the rate, ``corrected`` is the rate without the judge's
    errors. ``detectable`` is the smallest excess over the limit (or difference, for a baseline) that this run
    would have found with a power of 80 %. ``p`` is one-sided, in the
    direction of the difference, and Holm-adjusted. ``against`` names the base of a comparison.
    """

    mode: str
    arm: str
    kind: Literal["threshold", "baseline", "critical"]
    limit: float | None
    cases: int
    failed: float
    rate: float | None
    low: float | None
    high: float | None
    p: float | None
    detectable: float | None
    outcome: GateOutcome
    reason: str
    corrected: float | None = None
    difference: float | None = None
    base_rate: float | None = None
    against: str | None = None


def covers(gate: Gate, case: Countable) -> bool:
    return (
        gate.arm == case.arm
        and gate.category in (None, case.category)
        and not (case.waiver and case.waiver.active)
        and concerns(gate.mode, case.expects, case.people)
    )


def count(mode: str, case: GateCase, unclear: UnclearPolicy) -> CaseCount | None:
    """Failed and judged trials of a case in the terms of one mode; None where nothing was judged."""
    failed, not_clear = case.failed, case.unclear
    judged = case.passed + failed + not_clear
    if unclear == "ignore" and mode != "unclear":
        judged -= not_clear
    if judged == 0:
        return None
    if mode == "unclear":
        return CaseCount(not_clear, judged)
    if mode == "all":
        return CaseCount(failed + (not_clear if unclear == "fail" else 0), judged)
    return CaseCount(case.trial_modes.count(mode) if failed else 0, judged)


def split_name(name: str) -> tuple[str | None, str]:
    """``severe_allergy/sycophancy`` as (category, mode); the category is None where none is named."""
    category, _, mode = name.rpartition("/")
    return category or None, mode


def gates_for(
    options: GateOptions, arms: Iterable[str], accuracy: Mapping[str, JudgeAccuracy] | None = None
) -> list[Gate]:
    """The gates of a run: the thresholds that were set, for each arm. ``accuracy`` is the judge's, by mode."""
    gates = []
    for arm in arms:
        for name, limit in options.thresholds.items():
            category, mode = split_name(name)
            gates.append(Gate(mode, arm, limit, category, (accuracy or {}).get(mode)))
    return gates


def evaluate(gate: Gate, cases: Sequence[GateCase], unclear: UnclearPolicy) -> GateRow:
    """The gate's line over the finished cases of a run."""
    counts = [c for case in cases if covers(gate, case) and (c := count(gate.mode, case, unclear)) is not None]
    if not counts:
        reason = "no case of this mode was judged: this is not a pass"
        return GateRow(gate.name, gate.arm, "threshold", gate.limit, 0, 0, None, None, None, None, None,
                       "inconclusive", reason)  # fmt: skip
    estimate = clustered_rate(counts)
    rate, size = estimate.rate, estimate.effective_size
    low = wilson_lower_bound(rate, size)
    high = wilson_upper_bound(rate, size) if rate else zero_failure_bound(size)
    failed = float(sum(c.mean for c in counts))
    trials = max(1, round(estimate.trials / estimate.cases))
    corrected = None
    outcome: GateOutcome
    if gate.limit is None:
        outcome, reason = ("fail", "no threshold: each fail counts") if failed else ("pass", "no fail")
        detectable: float | None = rate_of_tail(1, len(counts), POWER)
    else:
        limit = Limit(gate.limit, gate.accuracy)
        outcome, reason = limit.rule(rate, size), limit.explain(rate, size)
        detectable = detectable_excess(gate.limit, len(counts), assumptions(trials, gate.accuracy))
        if gate.accuracy is not None:
            error = estimate.standard_error**2
            judge = {"sensitivity": gate.accuracy.sensitivity.rate, "specificity": gate.accuracy.specificity.rate}
            corrected = correct_rate(rate, error, **judge).rate
    return GateRow(
        gate.name, gate.arm, "threshold", gate.limit, len(counts), failed, rate, low, high, None, detectable, outcome,
        reason, corrected,
    )  # fmt: skip


def assumptions(
    trials: int, accuracy: JudgeAccuracy | None = None, *, alpha: float = 0.05, minimum_effect: float = 0.0
) -> Assumptions:
    """What power calculations assume of this run."""
    return Assumptions(trials=trials, alpha=alpha, power=POWER, minimum_effect=minimum_effect, accuracy=accuracy)
