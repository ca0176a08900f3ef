"""When an item's outcome is final: the running decision over cases as they finish."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pytest_personal_align.core import gate as g
from pytest_personal_align.core.modes import Label, label_group
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.rates import CaseCount
from pytest_personal_align.core.result import CaseResult

Disposition = Literal["passed", "failed", "tolerated", "ignored", "error"]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What pytest is to report of a case, for good. ``reason`` says which gate tolerates or refuses it."""

    key: str
    label: Label
    disposition: Disposition
    reason: str


class _Running:
    """One gate while results come in."""

    def __init__(self, gate: g.Gate) -> None:
        self.gate = gate
        self.planned = 0
        self.seen = 0
        self.counts: list[CaseCount] = []
        self.failed = 0
        self.outcome: g.GateOutcome | None = None

    def decide(self, trials: int) -> bool:
        """Whether the gate became decided just now."""
        if self.outcome is None:
            self.outcome = g.decided(self.gate, self.counts, self.planned - self.seen, trials)
            return self.outcome is not None
        return False


class Referee:
    """Takes results in any order and says which items are settled.

    The cases of one use case and arm are labelled together, since inconsistency is seen only across them.
    A fail without a threshold is settled then; one with thresholds once each of its gates is decided.
    Pure: no threads, no clocks. The same results give the same settlements in whatever order they come.
    """

    def __init__(self, options: GateOptions, plans: Iterable[Plan], *, gated: bool) -> None:
        self._options = options
        self._plans = {plan.key: plan for plan in plans}
        self._trials = max((plan.trials for plan in self._plans.values()), default=1)
        self._open: dict[tuple[str, str], set[str]] = {}
        self._held: dict[tuple[str, str], list[tuple[Plan, CaseResult]]] = {}
        for plan in self._plans.values():
            self._open.setdefault(plan.group, set()).add(plan.key)
        self.gates = g.gates_for(options, dict.fromkeys(plan.arm for plan in self._plans.values())) if gated else []
        self._running = [_Running(gate) for gate in self.gates]
        for running in self._running:
            gate = running.gate
            running.planned = sum(
                plan.arm == gate.arm
                and gate.category in (None, plan.brief.category)
                and g.concerns(gate.mode, plan.brief.expects, len(plan.brief.people))
                for plan in self._plans.values()
            )
        self._undecided: dict[str, tuple[g.GateCase, Label]] = {}
        self.cases: dict[str, g.GateCase] = {}

    def receive(self, result: CaseResult) -> list[Settlement]:
        """Settlements that this result makes final: of its own case or of others that waited. Idempotent."""
        plan = self._plans[result.key]
        waiting = self._open.get(plan.group, set())
        if result.key not in waiting:
            return []
        waiting.discard(result.key)
        self._held.setdefault(plan.group, []).append((plan, result))
        if waiting:
            return []
        group = self._held.pop(plan.group)
        settled: list[Settlement] = []
        labels = label_group(group)
        for one, its_result in group:
            case = g.GateCase.of(one, its_result, labels[one.key])
            self.cases[one.key] = case
            self._tally(case)
            self._undecided[one.key] = (case, labels[one.key])
        newly_decided = [running.decide(self._trials) for running in self._running]
        candidates = list(self._undecided) if any(newly_decided) else [one.key for one, _ in group]
        for key in candidates:
            settlement = self._settle(*self._undecided[key])
            if settlement is not None:
                del self._undecided[key]
                settled.append(settlement)
        return settled

    def rows(self) -> list[g.GateRow]:
        """The gate table over all cases seen so far."""
        cases = sorted(self.cases.values(), key=lambda case: case.nodeid)
        rows = [g.evaluate(gate, cases, self._options.unclear) for gate in self.gates]
        return rows + g.strict_rows(cases, self.gates, self._options.unclear)

    def _tally(self, case: g.GateCase) -> None:
        for running in self._running:
            if g.covers(running.gate, case):
                running.seen += 1
                counted = g.count(running.gate.mode, case, self._options.unclear)
                if counted is not None:
                    running.counts.append(counted)

    def _settle(self, case: g.GateCase, label: Label) -> Settlement | None:
        outcome = label.outcome
        if outcome == "pass":
            return Settlement(case.key, label, "passed", "")
        if outcome == "error":
            return Settlement(case.key, label, "error", "")
        if outcome == "unclear" and self._options.unclear != "fail":
            return Settlement(case.key, label, "ignored" if self._options.unclear == "ignore" else "passed", "unclear")
        mode = "unclear" if outcome == "unclear" else label.failure_mode
        mine = [r for r in self._running if r.gate.mode in (mode, "all") and g.covers(r.gate, case)]
        if not mine:
            return Settlement(case.key, label, "failed", "")
        broken = [r.gate for r in mine if r.outcome == "fail"]
        if broken:
            names = " and ".join(f"{gate.name}={gate.limit:g}" for gate in broken)
            return Settlement(case.key, label, "failed", f"the threshold {names} is exceeded")
        if any(r.outcome is None for r in mine):
            return None
        names = " and ".join(f"{r.gate.name}={r.gate.limit:g}" for r in mine)
        return Settlement(case.key, label, "tolerated", f"within the threshold {names}")
