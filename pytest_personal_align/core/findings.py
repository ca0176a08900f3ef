"""All that a run's record says beside its cases: gate rows, comparison, contrasts, pass^k, waivers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from pytest_personal_align.core.comparison import PairedTest, row_of
from pytest_personal_align.core.contrasts import contrasts, pass_k
from pytest_personal_align.core.gate import GateCase, GateRow, evaluate
from pytest_personal_align.core.limit import GateOutcome
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.record import GateRecord
from pytest_personal_align.core.rules import Settlement
from pytest_personal_align.core.settle import Settler
from pytest_personal_align.core.strict import strict_rows


@dataclass(frozen=True)
class Findings:
    """``broken`` are reasons why the run is invalid, ``warnings`` what a reader must know of the gates;
    ``unfunded`` counts the cases for which the budget did not last, where that leaves the verdict open."""

    rows: Sequence[GateRow]
    comparison: dict[str, Any] | None
    contrasts: list[dict[str, Any]]
    pass_k: list[dict[str, Any]]
    waivers: list[dict[str, Any]]
    warnings: list[str]
    broken: list[str]
    unfunded: int

    def fields(self, options: GateOptions, *, gated: bool) -> dict[str, Any]:
        """The fields of the run record that they fill."""
        return {
            "gates": [GateRecord(**asdict(row)) for row in self.rows] if gated else [],
            "gate": asdict(options),
            "comparison": self.comparison if gated else None,
            "contrasts": self.contrasts,
            "pass_k": self.pass_k,
            "waivers": self.waivers,
        }


def findings(settler: Settler, settlements: Collection[Settlement], judge_version: str) -> Findings:
    """What a run found, from its settler at the end."""
    cases = list(settler.cases.values())
    rules = settler.rules
    broken = rules.baseline.judge_changed(judge_version) if rules.baseline else ""
    waivers = _waivers(settler, cases)
    warnings = [*rules.doubts, *settler.warnings, *_about_waivers(waivers)]
    warnings += list(dict.fromkeys(matched.doubt for matched in settler.matches if matched.doubt))
    return Findings(
        rows=gate_rows(settler),
        comparison=comparison(settler, settlements),
        contrasts=contrasts(cases, settler.options.unclear),
        pass_k=pass_k(cases),
        waivers=waivers,
        warnings=warnings,
        broken=[broken] if broken else [],
        unfunded=settler.undecided_for_budget,
    )


def gate_rows(settler: Settler) -> list[GateRow]:
    """The gate table over all cases seen: thresholds, tests, critical cases, and the modes without a gate."""
    cases, unclear = settler.in_order(), settler.options.unclear
    rows = [evaluate(gate, cases, unclear) for gate in settler.gates if settler.rules.limits]
    rows += [row_of(test) for test in settler.tests or ()]
    rows += [row for arm in settler.arms if arm != settler.base_arm and (row := _critical_row(settler, arm, cases))]
    tested = {(row.arm, row.mode) for row in rows if row.kind == "baseline"}
    paired = {now.key for matched in settler.matches for _, now in matched.pairs}

    def compared(case: GateCase) -> str:
        if case.arm == settler.base_arm:
            return "in the base of the comparison"
        return "in the comparison" if case.key in paired else ""

    strict = strict_rows(cases, settler.gates, unclear, compared)
    return rows + [row for row in strict if (row.arm, row.mode) not in tested]


def _critical_row(settler: Settler, arm: str, cases: Sequence[GateCase]) -> GateRow | None:
    """The line of the critical cases (STATISTICS: rule 5): all that fail are counted; only what fails newly and is
    confirmed breaks it, and the reason says how many are."""
    mine = [
        case
        for case in cases
        if case.arm == arm and case.severity == "critical" and case.expects != "probe" and case.outcome != "error"
        and not (case.waiver and case.waiver.active)
    ]  # fmt: skip
    if not mine:
        return None
    failing = [case for case in mine if case.outcome == "fail"]
    new = [case for case in failing if settler.breaks_critical(replace(case, confirmed=True))]
    confirmed = sum(case.confirmed for case in new)
    reason = f"{len(failing):,} of {len(mine):,} critical cases fail"
    reason += _about_critical(len(failing) - len(new), len(new), confirmed)
    rate = len(failing) / len(mine)
    outcome: GateOutcome = "fail" if confirmed else "pass"
    return GateRow("critical", arm, "critical", None, len(mine), len(failing), rate, None, None, None, None, outcome,
                   reason)  # fmt: skip


def _about_critical(known: int, new: int, confirmed: int) -> str:
    """What becomes of the critical cases that fail: known, new, and which of these are confirmed."""
    told = f", {known:,} in the base as well" if known else ""
    told += f", {new:,} newly" if known and new else ""
    if new:
        told += f": {f'{confirmed:,}' if confirmed else 'none'} confirmed"
    if confirmed < new:
        told += "; that takes half of a case's trials, and two votes with checked evidence (--pa-judge-votes=3)"
    return told


def comparison(settler: Settler, settlements: Collection[Settlement]) -> dict[str, Any] | None:
    """How each case changed against its base, and the tests; None where nothing was compared.

    ``new``: fails now, did not before, and the comparison does not excuse it; ``noise``: the same, but within the
    noise; ``fixed``: failed before and does not now; ``still``: fails in both.
    """
    if settler.tests is None or not settler.matches:
        return None
    tolerated = {settlement.key for settlement in settlements if settlement.disposition == "tolerated"}
    undecided = {test.arm for test in settler.tests if test.outcome == "inconclusive"}
    lists: dict[str, list[str]] = {name: [] for name in ("new", "fixed", "still", "noise", "added", "removed")}
    incomparable: list[dict[str, str]] = []
    for matched in settler.matches:
        for before, now in matched.pairs:
            excused = now.key in tolerated and matched.arm not in undecided
            change = _change(settler.failing(before), settler.failing(now), excused)
            if change:
                lists[change].append(now.nodeid)
        lists["added"] += [case.nodeid for case in matched.added]
        lists["removed"] += [case.nodeid for case in matched.removed]
        incomparable += [{"nodeid": case.nodeid, "why": why} for case, why in matched.incomparable]
    baseline = settler.rules.baseline
    return {
        "baseline": ", ".join(dict.fromkeys(matched.base.name for matched in settler.matches)),
        **({"saved": baseline.saved} if baseline and baseline.saved else {}),
        # A baseline of one arm is the base of every arm, and what is only in it is then missing in each.
        **{name: sorted(set(nodeids)) for name, nodeids in lists.items()},
        "incomparable": sorted(incomparable, key=lambda one: one["nodeid"]),
        "tests": [_test(test) for test in settler.tests],
    }


def _change(failed: bool, fails: bool, excused: bool) -> str:
    if failed:
        return "still" if fails else "fixed"
    return ("noise" if excused else "new") if fails else ""


def _test(test: PairedTest) -> dict[str, Any]:
    return {
        "mode": test.mode,
        "arm": test.arm,
        "against": test.base,
        "cases": test.cases,
        "discordant": sum(1 for difference in test.differences if difference),
        "base_rate": test.base_rate,
        "rate": test.rate,
        "difference": test.difference,
        # One-sided, in the direction of the difference, adjusted for all tests of the run.
        "p": test.p if test.difference >= 0 else test.p_better,
        "detectable": test.detectable,
        "outcome": test.outcome,
        "reason": test.reason,
    }


def _waivers(settler: Settler, cases: Sequence[GateCase]) -> list[dict[str, Any]]:
    """One line for each waived use case and arm. ``fixed``: it was run whole, and none of its cases fails any more."""
    groups: dict[tuple[str, str], list[GateCase]] = {}
    for case in sorted(cases, key=lambda case: case.nodeid):
        if case.waiver is not None:
            groups.setdefault((case.use_case, case.arm), []).append(case)
    judged = {case.key for case in cases if case.outcome != "error"}
    missing = {(entry.use_case, entry.arm) for entry in settler.planned if entry.key not in judged}
    part = settler.rules.scope == "part" or settler.rules.excerpt
    found = []
    for (use_case, arm), group in sorted(groups.items()):
        waiver = group[0].waiver
        assert waiver is not None
        failing = [case.nodeid for case in group if settler.failing(case)]
        whole = not part and (use_case, arm) not in missing and any(case.expects != "allow" for case in group)
        state = "fixed" if not failing and whole else "active" if waiver.active else "expired"
        found.append({"use_case": use_case, "arm": arm, "reason": waiver.reason, "until": waiver.until,
                      "state": state, "failing": failing})  # fmt: skip
    return found


def _about_waivers(waivers: Sequence[dict[str, Any]]) -> list[str]:
    lines = []
    for waiver in waivers:
        if waiver["state"] == "fixed":
            lines.append(f"{waiver['use_case']} is unexpectedly fixed ({waiver['arm']}): its waiver can go")
        elif waiver["state"] == "expired":
            failing = " and it still fails" if waiver["failing"] else ""
            lines.append(f"the waiver of {waiver['use_case']} ended on {waiver['until']}{failing}")
    return lines
