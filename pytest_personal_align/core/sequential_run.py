"""Sequential mode (STATISTICS: rule 7): which conversations to start next, and when to stop."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from pytest_personal_align.core.comparison import counts_of, incomparable_because, paired_modes, place
from pytest_personal_align.core.gate import GateCase
from pytest_personal_align.core.limit import GateOutcome
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.rules import Settlement
from pytest_personal_align.core.sequential import SequentialTest
from pytest_personal_align.core.settle import Settler


@dataclass(frozen=True, slots=True)
class Stopped:
    """After how many use cases, what was shown, and what each test of an arm and mode says."""

    after: int
    shown: Literal["worse", "no worse"]
    decisions: dict[tuple[str, str], tuple[GateOutcome, str]]


class SequentialRun:
    """Use cases in one seeded random order, each with all of its scenarios and arms.

    What comes back is counted in that order, never in the order of arrival: nothing but the seed may decide when
    a case counts. A use case is one step, by the mean of its differences, since its scenarios are alike. The run
    fails when one mode of one arm is shown to be worse (the limit of evidence is raised with the number of
    tests, as Bonferroni's), and passes when all fails together are shown not to be 5 points more in any arm; the
    single modes are then tested on what was run (to wait until rare modes are shown not to be worse as well
    would save nothing). It does not pass before each threshold is decided as well: one that what is left can still
    break needs what is left.
    """

    def __init__(self, settler: Settler, plans: Sequence[Plan], seed: int) -> None:
        self.settler = settler
        self.plans = list(plans)
        self._units: dict[str, list[Plan]] = {}
        for plan in plans:
            self._units.setdefault(plan.brief.use_case, []).append(plan)
        self._order = sorted(self._units)
        random.Random(f"{seed}:sequential").shuffle(self._order)
        self._next = 0  # the first unit that was not started
        self._counted = 0  # the first unit that was not counted
        self._arrived: dict[str, list[GateCase]] = {}
        self._running = 0
        self.stopped: Stopped | None = None
        planned = [(arm, mode) for arm in settler.compared for mode in self._modes(arm)]
        fail_at = max(100.0, len(planned) / settler.options.alpha)
        self._tests = {test: SequentialTest(fail_at=fail_at) for test in planned}
        self._sums = dict.fromkeys(planned, (Fraction(0), 0))

    @property
    def order(self) -> Sequence[str]:
        return self._order

    @property
    def started(self) -> int:
        return self._next

    def more(self, room: int) -> list[Plan]:
        """Plans of the next use cases, until ``room`` conversations are under way; none once it is decided."""
        plans: list[Plan] = []
        while self.stopped is None and self._next < len(self._order) and self._running < room:
            unit = self._units[self._order[self._next]]
            self._next += 1
            self._running += sum(plan.trials for plan in unit)
            plans += unit
        return plans

    def take(self, group: tuple[str, str], cases: Sequence[GateCase]) -> list[Settlement]:
        """Count what has come of one arm and use case, and all that it was holding up."""
        use_case = group[1]
        self._running -= sum(len(case.verdicts) for case in cases)
        self._arrived.setdefault(use_case, []).extend(cases)
        settled: list[Settlement] = []
        while self.stopped is None and self._counted < len(self._order):
            name = self._order[self._counted]
            if len(self._arrived.get(name, ())) < len(self._units[name]):
                break
            self._counted += 1
            cases = self._arrived.pop(name)
            self._step(cases)
            settled += self.settler.take(cases)
            self._look()
        if self.stopped is not None and self._counted < len(self._order):
            settled += self.settler.conclude(self.stopped.decisions)
        return settled

    def evidence(self) -> dict[tuple[str, str], tuple[float, float]]:
        """For each arm and mode the evidence against "no worse" and against "5 points worse"."""
        return {key: (test.evidence_against_no_worse, test.evidence_against_worse) for key, test in self._tests.items()}

    def _modes(self, arm: str) -> list[str]:
        # A mode that no planned case can show would never be decided.
        entries = [entry for entry in self.settler.planned if entry.arm == arm]
        return [name for name in paired_modes(self.settler.options) if self.settler.concerned(name, entries)]

    def _step(self, cases: Sequence[GateCase]) -> None:
        for (arm, mode), test in self._tests.items():
            differences = []
            for case in cases:
                before = self._before(case, cases) if case.arm == arm else None
                if before is None:
                    continue
                counted = counts_of(mode, (before, case), self.settler.options)
                if counted is not None:
                    differences.append(counted[1].mean - counted[0].mean)
            if differences:
                self._tests[arm, mode] = test.update(sum(differences, Fraction(0)) / len(differences))
                total, number = self._sums[arm, mode]
                self._sums[arm, mode] = total + sum(differences), number + len(differences)

    def _matters(self, key: tuple[str, str]) -> bool:
        """Whether the difference until now is as large as one that may fail a run."""
        total, number = self._sums[key]
        return number > 0 and total / number >= self.settler.options.min_effect

    def _before(self, case: GateCase, cases: Sequence[GateCase]) -> GateCase | None:
        base_arm, baseline = self.settler.base_arm, self.settler.rules.baseline
        before = (
            baseline.of_arm(case.arm).get(place(case))
            if baseline is not None
            else next((one for one in cases if one.arm == base_arm and place(one) == place(case)), None)
        )
        return None if before is None or incomparable_because(before, case, "") else before

    def _look(self) -> None:
        if not self._tests or self._counted == len(self._order):
            return
        failed = [key for key, test in self._tests.items() if test.decision == "fail" and self._matters(key)]
        overall = [key for key in self._tests if key[1] == "all"] or list(self._tests)
        passed = all(self._tests[key].decision == "pass" for key in overall) and self.settler.thresholds_decided
        if not failed and not passed:
            return
        every = f"of {len(self._order):,} use cases"
        decisions: dict[tuple[str, str], tuple[GateOutcome, str]] = {}
        for key, test in self._tests.items():
            if key in failed:
                evidence = f"evidence {test.evidence_against_no_worse:,.0f}, {test.fail_at:,.0f} needed"
                decisions[key] = "fail", f"worse: decided after {self._counted:,} {every} ({evidence})"
            elif test.decision == "pass":
                decisions[key] = "pass", f"not {100 * test.margin:g} points worse: decided after {test.cases:,} {every}"
            elif failed:
                decisions[key] = "inconclusive", f"not looked at further: the run ended after {self._counted:,} {every}"
        self.stopped = Stopped(self._counted, "worse" if failed else "no worse", decisions)


def saved(run: SequentialRun, calls: Callable[[Sequence[Plan]], int]) -> dict[str, object]:
    """What stopped the run (None: nothing did), when, and what was not run for it.

    ``calls`` says how many assistant calls plans take together: those that begin alike share some.
    """
    use_cases = set(run.order[: run.started])
    started = [plan for plan in run.plans if plan.brief.use_case in use_cases]
    stopped = run.stopped
    return {
        "stopped": stopped.shown if stopped else None,
        "after_use_cases": stopped.after if stopped else len(run.order),
        "use_cases": len(run.order),
        "conversations_not_started": sum(plan.trials for plan in run.plans) - sum(plan.trials for plan in started),
        "calls_not_sent": calls(run.plans) - calls(started),
        "evidence": [
            {"arm": arm, "mode": mode, "against_no_worse": worse, "against_worse": better}
            for (arm, mode), (worse, better) in run.evidence().items()
        ],
    }
