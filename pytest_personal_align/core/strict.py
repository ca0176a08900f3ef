"""Modes without a threshold of their own: there each fail counts, unless something else takes it in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pytest_personal_align.core.gate import Gate, GateCase, GateRow, count, covers, evaluate
from pytest_personal_align.core.options import UnclearPolicy
from pytest_personal_align.core.result import FAILURE_MODES


def strict_rows(
    cases: Sequence[GateCase],
    gates: Sequence[Gate],
    unclear: UnclearPolicy,
    compared: Callable[[GateCase], str] = lambda case: "",
) -> list[GateRow]:
    """Lines for the modes without a threshold of their own in an arm. There a single fail already counts, unless
    something takes it in, as for the case's item (:class:`settle.Settler`): a threshold of its category or of
    ``all``, or a comparison, which ``compared`` names for a case that takes part in one."""
    gated = {(gate.arm, gate.name) for gate in gates}
    rows = []
    for arm in dict.fromkeys(case.arm for case in cases):
        for mode in (*FAILURE_MODES, "unclear"):
            if (arm, mode) in gated or (mode == "unclear" and unclear != "fail"):
                continue
            gate = Gate(mode, arm, None)
            mine = [case for case in cases if covers(gate, case)]
            if mine:
                failing = [case for case in mine if _counts(gate, case, unclear)]
                takers = [_taker(case, gates, unclear, compared) for case in failing]
                rows.append(_with_takers(evaluate(gate, mine, unclear), takers))
    return rows


def _with_takers(row: GateRow, takers: Sequence[str]) -> GateRow:
    """The line of a mode without a limit, given what takes in each of its fails: empty where nothing does."""
    bare = sum(not taker for taker in takers)
    if not takers or bare == len(takers):
        return row
    if bare:
        return replace(row, reason=f"{bare:,} of {len(takers):,} fails under no threshold: each counts")
    return replace(row, outcome="pass", reason=f"counted {', '.join(dict.fromkeys(takers))}")


def _taker(case: GateCase, gates: Sequence[Gate], unclear: UnclearPolicy, compared: Callable[[GateCase], str]) -> str:
    """Under what a failing case is counted; empty where nothing may tolerate it."""
    if case.outcome == "error":
        return "as an error"
    if case.waiver:
        return ""
    modes = ("unclear" if case.outcome == "unclear" else case.failure_mode, "all")
    names = [gate.name for gate in gates if gate.mode in modes and covers(gate, case) and _counts(gate, case, unclear)]
    return f"under {' and '.join(names)}" if names else compared(case)


def _counts(gate: Gate, case: GateCase, unclear: UnclearPolicy) -> bool:
    """Whether a case that the gate covers adds to its fails."""
    counted = count(gate.mode, case, unclear)
    return counted is not None and counted.failed > 0
