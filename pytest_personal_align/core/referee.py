"""When an item's outcome is final: results in, settlements out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from pytest_personal_align.core import gate as g
from pytest_personal_align.core.modes import label_group
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.result import CaseResult
from pytest_personal_align.core.rules import Rules, Settlement
from pytest_personal_align.core.sequential_run import SequentialRun, saved
from pytest_personal_align.core.settle import Settler


class Referee:
    """Takes results in any order and says which items are settled.

    The cases of one use case and arm are labelled together, since inconsistency is seen only across them.
    In a sequential run :meth:`more` says which plans to start; otherwise it gives all of them at once.
    Pure: no threads, no clocks. The same results give the same settlements in whatever order they come.
    """

    def __init__(self, rules: Rules, plans: Iterable[Plan], *, seed: int = 0, trials: int | None = None) -> None:
        """``trials``: of each case, where the results are not of these plans but of a record."""
        self.rules = rules
        self._plans = {plan.key: plan for plan in plans}
        entries = [g.Entry.of(plan, rules.today) for plan in self._plans.values()]
        planned = max((plan.trials for plan in self._plans.values()), default=1)
        self._settler = Settler(rules, entries, trials or planned)
        self._open: dict[tuple[str, str], set[str]] = {}
        self._held: dict[tuple[str, str], list[tuple[Plan, CaseResult]]] = {}
        for plan in self._plans.values():
            self._open.setdefault(plan.group, set()).add(plan.key)
        self._sequential: SequentialRun | None = None
        if rules.options.sequential and rules.scope == "whole" and self._settler.compared:
            self._sequential = SequentialRun(self._settler, list(self._plans.values()), seed)
        self._unsent = list(self._plans.values()) if self._sequential is None else []

    @property
    def gates(self) -> list[g.Gate]:
        return self._settler.gates

    @property
    def cases(self) -> dict[str, g.GateCase]:
        """Finished cases by plan key; of a sequential run those that count."""
        return self._settler.cases

    @property
    def settler(self) -> Settler:
        return self._settler

    @property
    def warnings(self) -> Sequence[str]:
        return self._settler.warnings

    def more(self, room: int) -> list[Plan]:
        """Plans to start now, where ``room`` more conversations may wait or run."""
        if self._sequential is not None:
            return self._sequential.more(room)
        plans, self._unsent = self._unsent, []
        return plans

    def receive(self, result: CaseResult) -> list[Settlement]:
        """Settlements that this result makes final: of its own case or of others that waited. Idempotent."""
        plan = self._plans[result.key]
        waiting = self._open.get(plan.group, set())
        if result.key not in waiting:
            return []
        waiting.discard(result.key)
        self._held.setdefault(plan.group, []).append((plan, result))
        models = {trial.transcript.model for trial in result.trials if trial.transcript.model}
        self._settler.resolved.setdefault(plan.arm, set()).update(models)
        if waiting:
            return []
        group = self._held.pop(plan.group)
        labels = label_group(group)
        cases = [g.GateCase.of(one, its_result, labels[one.key], self.rules.today) for one, its_result in group]
        if self._sequential is not None:
            return self._sequential.take(plan.group, cases)
        return self._settler.take(cases)

    def saved(self, calls: Callable[[Sequence[Plan]], int]) -> dict[str, object] | None:
        """What a sequential run did not need, for the record (see :func:`saved`)."""
        return saved(self._sequential, calls) if self._sequential is not None else None
