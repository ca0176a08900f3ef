"""When a threshold's outcome is certain, while results still come in; and whether it can say anything at all."""

from __future__ import annotations

from fractions import Fraction

from pytest_personal_align.core.gate import Gate, GateCase, count, covers
from pytest_personal_align.core.limit import GateOutcome, Limit
from pytest_personal_align.core.options import UnclearPolicy
from pytest_personal_align.core.rates import CaseCount, clustered_rate


class RunningGate:
    """One threshold over cases as they finish, in any order, at a constant cost a case.

    What is left may pass, fail, disagree among its trials or end in errors (and then leave the denominator).
    With F the sum of the failed shares of the n judged cases, r cases left and k trials a case, the bound of rule 3
    ends between that of F/(n + r) on n + r trials (all that is left passes; more trials in agreement only
    sharpen it) and that of (F + r)/(n + r) on k(n + r) trials. Both are reached, or not, whatever the order.
    """

    def __init__(self, gate: Gate, planned: int, trials: int, unclear: UnclearPolicy) -> None:
        assert gate.limit is not None
        self.gate = gate
        self.outcome: GateOutcome | None = None
        self._limit = Limit(gate.limit, gate.accuracy)
        self._left = planned
        self._trials = trials
        self._unclear = unclear
        self._counts: list[CaseCount] = []
        self._failed = Fraction(0)

    def add(self, case: GateCase) -> None:
        """Count a finished case, if the gate covers it."""
        if not covers(self.gate, case):
            return
        self._left -= 1
        counted = count(self.gate.mode, case, self._unclear)
        if counted is not None:
            self._counts.append(counted)
            self._failed += counted.mean

    def decide(self) -> bool:
        """Whether the gate became decided just now. A pass may still end as inconclusive: both tolerate."""
        if self.outcome is None:
            self.outcome = self._decided()
            return self.outcome is not None
        return False

    def certain(self, lost: int) -> bool:
        """Whether the outcome would be the same (a fail, or no fail) if ``lost`` more of its cases had been judged."""
        total = len(self._counts) + lost
        if self.outcome == "fail":
            return self._limit.excess(float(self._failed / total), total) > 0
        return self._limit.excess(float((self._failed + lost) / total), total * self._trials) <= 0

    def conclude(self) -> None:
        """Nothing more will come."""
        self._left = 0
        self.decide()

    def _decided(self) -> GateOutcome | None:
        done = len(self._counts)
        if self._left <= 0:
            if not done:
                return "inconclusive"
            estimate = clustered_rate(self._counts)
            return self._limit.rule(estimate.rate, estimate.effective_size)
        total = done + self._left
        if self._limit.excess(float(self._failed / total), total) > 0:
            # If all that is left ends in errors, the rate is higher on fewer cases: the bound rises as well.
            return "fail"
        if self._limit.excess(float((self._failed + self._left) / total), total * self._trials) <= 0:
            return "pass"
        return None


def doubtful_limit(gate: Gate, planned: int, trials: int) -> str | None:
    """A warning where no outcome of this suite could break or keep the limit, with the numbers."""
    assert gate.limit is not None
    name = f"{gate.name}={gate.limit:g}"
    if planned == 0:
        return f"{name}: no case of this suite can fail in this way, so the threshold says nothing"
    limit = Limit(gate.limit, gate.accuracy)
    # One passing trial makes each trial count (n_eff = N k): the bound may then be higher than if all failed.
    highest = max((1.0, planned), (1 - 1 / (planned * trials), planned * trials), key=lambda at: limit.excess(*at))
    if gate.limit < 1 and limit.excess(*highest) <= 0:
        bound = limit.observed + limit.excess(*highest)
        return (
            f"{name}: can never fail with {planned} case{'s' if planned > 1 else ''}: however many failed, "
            f"the lower bound would be at most {bound:.1%}"
        )
    if gate.limit > 0 and limit.excess(1 / planned, planned) > 0:
        return (
            f"{name}: the first failing case of {planned} breaks it already "
            f"(1 of {planned} is {1 / planned:.1%}): the same as no tolerance"
        )
    return None
