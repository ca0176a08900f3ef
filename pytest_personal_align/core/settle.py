"""What pytest is to report of each case, once the gates that tolerate or refuse it are decided. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from pytest_personal_align.core import gate as g
from pytest_personal_align.core.comparison import (
    Base,
    Matched,
    PairedTest,
    base_of,
    compare,
    counts_of,
    incomparable_because,
    match,
    paired_modes,
    place,
)
from pytest_personal_align.core.decision import RunningGate, doubtful_limit
from pytest_personal_align.core.limit import GateOutcome
from pytest_personal_align.core.rules import Rules, Ruling, Settlement


class Settler:
    """Takes finished cases in any order; the same cases give the same settlements and rows in whatever order.

    A case without a tolerating gate is settled when it comes; one with gates once all of them are decided: a
    threshold when no outcome of what is left can change it, a comparison when all of its cases are there.
    """

    def __init__(self, rules: Rules, entries: Iterable[g.Entry], trials: int) -> None:
        self.rules = rules
        self.options = rules.options
        self._entries = {entry.key: entry for entry in entries}
        self.arms = list(dict.fromkeys(entry.arm for entry in self._entries.values()))
        gated = rules.scope == "whole"
        self.base_arm = self.arms[0] if len(self.arms) > 1 and rules.baseline is None else None
        self.compared = [arm for arm in self.arms if arm != self.base_arm] if self.base_arm or rules.baseline else []
        self.gates = g.gates_for(self.options, self.arms, rules.accuracy)
        planned = [sum(g.covers(gate, entry) for entry in self._entries.values()) for gate in self.gates]
        self._running = [
            RunningGate(gate, number, trials, self.options.unclear)
            for gate, number in zip(self.gates if gated else [], planned, strict=False)
        ]
        doubts = [
            doubtful_limit(gate, number, trials)
            for gate, number in zip(self.gates, planned, strict=True)
            if gated and rules.limits
        ]
        self.warnings = list(dict.fromkeys(doubt for doubt in doubts if doubt))
        self.cases: dict[str, g.GateCase] = {}
        self.settled: set[str] = set()
        self.tests: list[PairedTest] | None = None
        self.matches: list[Matched] = []
        self.resolved: dict[str, set[str]] = {}
        self._bases: dict[str, Base] = {}
        self._paired: set[str] = set()
        self._waiting: dict[str, g.GateCase] = {}
        self._strictly_failed = False

    def take(self, cases: Sequence[g.GateCase]) -> list[Settlement]:
        """Settlements that these finished cases make final: their own, or of others that waited."""
        for case in cases:
            self.cases[case.key] = case
            self._waiting[case.key] = case
            for running in self._running:
                running.add(case)
        if len(self.cases) == len(self._entries):
            return self.conclude()
        newly_decided = [running.decide() for running in self._running]
        return self._settle_all(list(self._waiting) if any(newly_decided) else [case.key for case in cases])

    def conclude(self, decisions: Mapping[tuple[str, str], tuple[GateOutcome, str]] | None = None) -> list[Settlement]:
        """Nothing more comes. ``decisions`` of a sequential run, by arm and mode, stand in for the tests' own;
        what was not run is then not needed."""
        for running in self._running:
            running.conclude()
        if self.tests is None:
            self._compare(decisions)
        settled = self._settle_all(list(self._waiting))
        if decisions is not None:
            for key in self._entries.keys() - self.cases.keys() - self.settled:
                self.settled.add(key)
                settled.append(Settlement(key, None, "unneeded", "not needed: the comparison was decided before"))
        return settled

    def final(self, settlement: Settlement) -> Settlement:
        """A settlement with all its reasons: a limit that broke at once is not the only one that has by now."""
        case = self.cases.get(settlement.key)
        found = self._judge(case) if case is not None else None
        return replace(settlement, reason=found.reason, gate=found.gate) if found is not None else settlement

    @property
    def undecided_for_budget(self) -> int:
        """How many cases the budget did not allow, where with them the verdict could be another."""
        lost = [case for case in self.cases.values() if case.unfunded]
        if not lost or self._strictly_failed:
            return 0
        counted = [(running, sum(g.covers(running.gate, case) for case in lost)) for running in self._running]
        if any(running.outcome == "fail" and running.certain(number) for running, number in counted):
            return 0
        tolerant = [running.gate for running in self._running if running.gate.mode == "all"]
        covered = all(any(g.covers(gate, case) for gate in tolerant) for case in lost)
        certain = all(running.certain(number) for running, number in counted)
        return 0 if covered and certain and not self.compared else len(lost)

    @property
    def thresholds_decided(self) -> bool:
        """Whether nothing that is left can change what a threshold says."""
        return all(running.outcome is not None for running in self._running)

    @property
    def planned(self) -> Collection[g.Entry]:
        return self._entries.values()

    def concerned(self, name: str, entries: Iterable[g.Entry]) -> bool:
        """Whether one of these cases can fail in the mode ``name``."""
        category, mode = g.split_name(name)
        return any(g.covers(g.Gate(mode, entry.arm, None, category), entry) for entry in entries)

    # -- one case

    def _settle_all(self, keys: Collection[str]) -> list[Settlement]:
        settled = []
        for key in keys:
            settlement = self._settle(self._waiting[key])
            if settlement is not None:
                del self._waiting[key]
                self.settled.add(key)
                settled.append(settlement)
        return settled

    def _settle(self, case: g.GateCase) -> Settlement | None:
        found = self._judge(case)
        self._strictly_failed |= found == Ruling("failed")
        return Settlement(case.key, case.failure_mode, *found) if found else None

    def _judge(self, case: g.GateCase) -> Ruling | None:
        outcome, waiver = case.outcome, case.waiver
        if outcome == "pass":
            return Ruling("passed")
        if outcome == "error":
            return Ruling("error")
        harmless = outcome == "unclear" and self.options.unclear != "fail"
        if waiver and not harmless:
            if waiver.active:
                return Ruling("tolerated", f"waived until {waiver.until}: {waiver.reason}")
            if self.rules.limits:
                return Ruling("failed", f"its waiver ended on {waiver.until} ({waiver.reason})")
        if self.rules.scope == "part" and not harmless:
            return Ruling("failed")
        if self.rules.scope == "shard":
            return self._in_shard(case, harmless)
        mine = [running for running in self._running if self._counts_in(running.gate, case)]
        if harmless and not mine:
            return Ruling("ignored" if self.options.unclear == "ignore" else "passed", "unclear")
        if case.confirmed and self.base_arm is not None and self.tests is None:
            return None
        if self.breaks_critical(case):
            return Ruling("failed", "a critical use case fails, and the votes confirm it", gate=True)
        return self._by_gates(case, mine)

    def _by_gates(self, case: g.GateCase, counted: Sequence[RunningGate]) -> Ruling | None:
        """``counted``: the thresholds in whose rate its trials weigh. Any of them may refuse it, once decided; those
        of its own mode may tolerate it. (A fail with unclear trials weighs in the limit of unclear as well.)"""
        mine = [running.gate for running in counted if self._is_of(running.gate, case)]
        if not (mine or case.arm in self.compared or case.arm == self.base_arm):
            return Ruling("failed")
        broken = [running.gate for running in counted if running.outcome == "fail"]
        if broken and self.rules.limits:
            return Ruling("failed", f"the threshold {_names(broken)} is exceeded", gate=True)
        if any(running.outcome is None for running in counted):
            return None
        within = f"within the threshold {_names(mine)}" if mine and not broken else ""
        if case.arm in self.compared:
            return self._by_comparison(case, within)
        return Ruling("tolerated", within or "the first arm is the base of the comparison")

    def _by_comparison(self, case: g.GateCase, within: str) -> Ruling | None:
        before = self._before(case)
        known = before is not None and self.failing(before)
        if self.tests is None:
            name = self._base_name()
            if known and before and not incomparable_because(before, case, name) and not self._worsened(before, case):
                return Ruling("tolerated", f"known since {name}")
            return None
        worse = [test for test in self.tests if test.arm == case.arm and test.outcome == "fail"]
        if before is not None and case.key in self._paired:
            held = [test for test in worse if self._more_often(test.mode, before, case)]
            if held:
                return Ruling(
                    "failed", f"worse than {self._base_name()}: " + "; ".join(_told(test) for test in held), gate=True
                )
            if known:
                return Ruling("tolerated", f"known since {self._base_name()}")
            if any(test.arm == case.arm and test.outcome == "inconclusive" for test in self.tests):
                return Ruling("tolerated", f"the comparison with {self._base_name()} is inconclusive")
            return Ruling("tolerated", f"within the noise of the comparison with {self._base_name()}")
        if within:
            return Ruling("tolerated", within)
        why = next((why for m in self.matches for one, why in m.incomparable if one is case), "it has no such case")
        return Ruling("failed", f"nothing in {self._base_name()} tolerates it: {why}")

    def _in_shard(self, case: g.GateCase, harmless: bool) -> Ruling:
        if harmless:
            return Ruling("ignored" if self.options.unclear == "ignore" else "passed", "unclear")
        tolerant = self.compared or self.base_arm or any(self._is_of(gate, case) for gate in self.gates)
        return Ruling("tolerated", "personal-align merge decides over all shards") if tolerant else Ruling("failed")

    def _counts_in(self, gate: g.Gate, case: g.GateCase) -> bool:
        """Whether the case's trials weigh in the gate's rate."""
        if not g.covers(gate, case):
            return False
        counted = g.count(gate.mode, case, self.options.unclear)
        return counted is not None and counted.failed > 0

    def _is_of(self, gate: g.Gate, case: g.GateCase) -> bool:
        """Whether the gate is one of the case's own mode, so that it may tolerate it."""
        mode = "unclear" if case.outcome == "unclear" else case.failure_mode
        return gate.mode in (mode, "all") and g.covers(gate, case)

    # -- critical cases

    def breaks_critical(self, case: g.GateCase) -> bool:
        """Whether a case fails the run alone (STATISTICS: rule 5): unless it failed in the base as well."""
        if not case.confirmed or case.arm == self.base_arm or (case.waiver and case.waiver.active):
            return False
        before = self._before(case)
        return before is None or not self.failing(before)

    # -- the comparison

    def failing(self, case: g.GateCase) -> bool:
        return case.outcome == "fail" or (case.outcome == "unclear" and self.options.unclear == "fail")

    def base(self, arm: str) -> Base:
        """What an arm is compared with."""
        if self.rules.baseline is not None:
            return self.rules.baseline.base(arm, self.rules.models.get(arm, ""), self.resolved.get(arm, set()))
        assert self.base_arm is not None
        return base_of(self.base_arm, [case for case in self.cases.values() if case.arm == self.base_arm])

    def _compare(self, decisions: Mapping[tuple[str, str], tuple[GateOutcome, str]] | None) -> None:
        if self.rules.scope == "whole":
            cases = self.in_order()
            self._bases = {arm: self.base(arm) for arm in self.compared}
            whole = decisions is None and not self.rules.excerpt
            self.matches = [match(arm, cases, self._bases[arm], whole=whole) for arm in self.compared]
            self._paired = {now.key for matched in self.matches for _, now in matched.pairs}
            self.tests = [_overruled(test, decisions or {}) for test in compare(self.matches, self.options)]

    def _before(self, case: g.GateCase) -> g.GateCase | None:
        if self.rules.baseline is not None:
            return self.rules.baseline.of_arm(case.arm).get(place(case))
        if self.base_arm is None or self.tests is None:
            return None
        return self._bases[case.arm].cases.get(place(case)) if case.arm in self._bases else None

    def _worsened(self, before: g.GateCase, case: g.GateCase) -> bool:
        return any(self._more_often(mode, before, case) for mode in paired_modes(self.options))

    def _more_often(self, name: str, before: g.GateCase, case: g.GateCase) -> bool:
        counted = counts_of(name, (before, case), self.options)
        return counted is not None and counted[1].mean > counted[0].mean

    def _base_name(self) -> str:
        return self.rules.baseline.name if self.rules.baseline is not None else str(self.base_arm)

    def in_order(self) -> list[g.GateCase]:
        """The finished cases by node id."""
        return sorted(self.cases.values(), key=lambda case: (case.nodeid, case.key))


def _names(gates: Sequence[g.Gate]) -> str:
    return " and ".join(f"{gate.name}={gate.limit:g}" for gate in gates)


def _told(test: PairedTest) -> str:
    return f"{test.mode} {test.reason}"


def _overruled(test: PairedTest, decisions: Mapping[tuple[str, str], tuple[GateOutcome, str]]) -> PairedTest:
    outcome, reason = decisions.get((test.arm, test.mode), (test.outcome, ""))
    return replace(test, outcome=outcome, reason=f"{test.reason}; {reason}" if reason else test.reason)
