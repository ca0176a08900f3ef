"""What a gate could see, said before anything is spent: `--pa-plan`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pytest_personal_align.core.comparison import own, paired_modes, place
from pytest_personal_align.core.decision import doubtful_limit
from pytest_personal_align.core.gate import (
    Entry,
    Gate,
    GateCase,
    assumptions,
    count,
    covers,
    gates_for,
    split_name,
)
from pytest_personal_align.core.power import (
    Assumptions,
    cases_for_difference,
    cases_for_excess,
    detectable_difference,
    detectable_excess,
)
from pytest_personal_align.core.rates import clustered_rate
from pytest_personal_align.core.rules import Rules
from pytest_personal_align.core.text import number_of

POINTS = (0.10, 0.05, 0.02)
ASSUMED_RATE = 0.05


def power_lines(rules: Rules, entries: Sequence[Entry], trials: int) -> list[str]:
    """For each gated mode the smallest change that this suite would find (power 80 %, two trials of a case
    correlated by .5), and the cases that 10, 5 and 2 points take."""
    arms = list(dict.fromkeys(entry.arm for entry in entries))
    compared = arms if rules.baseline else arms[1:]
    gates = gates_for(rules.options, arms[:1], rules.accuracy)
    if not gates and not compared:
        return ["gate: none; each failing case fails (see --pa-threshold, --pa-baseline, or a second arm)"]
    lines = [f"what the gate could see in {'every' if len(arms) > 1 else 'this'} arm, with a power of 80 %:"]
    lines += [_threshold_line(gate, entries, trials) for gate in gates]
    if compared:
        lines += _comparison_lines(rules, compared, entries, trials)
    return lines


def _threshold_line(gate: Gate, entries: Sequence[Entry], trials: int) -> str:
    assert gate.limit is not None
    limit, cases = gate.limit, sum(covers(gate, entry) for entry in entries)
    doubt = doubtful_limit(gate, cases, trials)
    name = f"  {gate.name} at most {limit:.1%}"
    if not cases:
        return f"{name}: warning: {doubt}"
    given = assumptions(trials, gate.accuracy)
    excess = detectable_excess(limit, cases, given)
    seen = "no excess, however large"
    if excess is not None:
        seen = f"a rate of {limit + excess:.1%} (+{100 * excess:.1f} points)"
    needed = _needed(lambda points: cases_for_excess(limit, points, given))
    return f"{name}: {_see(cases)} {seen}; {needed}" + (f"; warning: {doubt}" if doubt else "")


def _comparison_lines(rules: Rules, compared: Sequence[str], entries: Sequence[Entry], trials: int) -> list[str]:
    arm = compared[0]
    mine = [entry for entry in entries if entry.arm == arm]
    planned = []
    for name in paired_modes(rules.options):
        category, mode = split_name(name)
        gate = Gate(mode, arm, None, category)
        if cases := [entry for entry in mine if covers(gate, entry)]:
            planned.append((gate, cases))
    tests = max(1, len(planned) * len(compared))
    compared_trials = _compared_trials(rules, arm, trials)
    given = assumptions(compared_trials, alpha=rules.options.alpha / tests, minimum_effect=rules.options.min_effect)
    base = rules.baseline.name if rules.baseline else entries[0].arm
    share = "1 test has" if tests == 1 else f"up to {tests} tests share"
    fewer = ""
    if compared_trials < trials:
        are = "is" if compared_trials == 1 else "are"
        fewer = (
            f"; {number_of(compared_trials, 'trial')} of {trials} {are} compared: the baseline has {compared_trials}"
        )
    head = f"  against {base} ({share} alpha {rules.options.alpha:g}{fewer}):"
    return [head, *(_difference_line(gate, cases, rules, given) for gate, cases in planned)]


def _compared_trials(rules: Rules, arm: str, trials: int) -> int:
    """Of a case as many trials are compared as both runs have."""
    kept = rules.baseline.of_arm(arm).values() if rules.baseline else ()
    return min(trials, max((len(case.verdicts) for case in kept), default=trials))


def _difference_line(gate: Gate, entries: Sequence[Entry], rules: Rules, given: Assumptions) -> str:
    known = [case.first(given.trials) for case in _kept(gate, entries, rules)]
    counts = [c for case in known if (c := count(gate.mode, own(case), rules.options.unclear)) is not None]
    rate = min(0.99, clustered_rate(counts).rate) if counts else ASSUMED_RATE
    cases = len(counts) or len(entries)
    source = f"from {rate:.1%}" if counts else f"from {rate:.0%} (assumed)"
    smallest = detectable_difference(rate, cases, given)
    seen = "no rise, however large" if smallest is None else f"+{100 * smallest:.1f} points"
    needed = _needed(lambda points: cases_for_difference(rate, points, given))
    return f"    {gate.name}: {_see(cases)} {seen} {source}; {needed}"


def _kept(gate: Gate, entries: Sequence[Entry], rules: Rules) -> list[GateCase]:
    """The baseline's cases that stand beside these."""
    if rules.baseline is None:
        return []
    kept = rules.baseline.of_arm(gate.arm)
    wanted = {(entry.use_case, entry.scenario) for entry in entries}
    return [case for case in kept.values() if place(case) in wanted]


def _needed(cases_for: Callable[[float], int]) -> str:
    parts = []
    for points in POINTS:
        try:
            parts.append(f"{100 * points:g} points: {cases_for(points):,}")
        except ValueError:
            parts.append(f"{100 * points:g} points: never")
    return f"cases for {', '.join(parts)}"


def _see(cases: int) -> str:
    return f"{number_of(cases, 'case')} {'sees' if cases == 1 else 'see'}"
