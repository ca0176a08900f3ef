"""Whether a run may be believed, and its verdict in a sentence (STATISTICS: rules 1, 3 and 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_personal_align.core.gate import GateCase, GateRow
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.record import RunVerdict
from pytest_personal_align.core.rules import Settlement
from pytest_personal_align.core.text import number_of


@dataclass(frozen=True)
class Completeness:
    """What was planned (in a sequential run: what was not spared), what came back, and what pytest reported.
    ``stopped``: the user or ``-x`` ended the run. ``spared``: cases that a sequential run did not need.
    ``unfunded``: cases that the budget did not allow, and that could have changed the verdict."""

    planned: int
    recorded: int
    unreported: int
    stopped: bool
    gated: bool
    spared: int = 0
    unfunded: int = 0


def run_verdict(
    options: GateOptions,
    done: Completeness,
    cases: Collection[GateCase],
    settlements: Collection[Settlement],
    rows: Sequence[GateRow],
    broken: Sequence[str] = (),
) -> tuple[RunVerdict, str]:
    """The verdict and its reason. ``broken`` are reasons from elsewhere why the run is invalid (canaries, budget)."""
    invalid = [*broken, *_invalid(options, done, cases)]
    if invalid:
        return "invalid", "; ".join(invalid)
    failed = Counter(one.failure_mode or "unclear" for one in settlements if one.disposition == "failed")
    gates = [row for row in rows if row.outcome == "fail" and (row.limit is not None or row.kind != "threshold")]
    errors = sum(case.errors for case in cases)
    with_errors = f"; {number_of(errors, 'trial')} ended in an error" if errors else ""
    with_errors += f"; {number_of(done.spared, 'case')} not needed for the decision" if done.spared else ""
    with_errors += _better(options, rows) if done.gated else ""
    if done.gated and gates:
        several = len({row.arm for row in rows}) > 1
        names = ", ".join(f"{row.arm + ': ' if several else ''}{row.mode} ({row.reason})" for row in gates)
        return "fail", f"{number_of(len(gates), 'gate')} failed: {names}{_beside(settlements)}{with_errors}"
    if failed:
        what = ", ".join(f"{count:,} {mode}" for mode, count in failed.most_common())
        return "fail", f"{_told_failed(failed.total(), done)}: {what}{with_errors}"
    doubtful = [row for row in rows if row.outcome == "inconclusive"]
    if done.gated and doubtful:
        names = ", ".join(dict.fromkeys(row.mode for row in doubtful))
        return "inconclusive", f"{names} undecided: {doubtful[0].reason}{with_errors}"
    if done.stopped:
        left = max(done.planned - done.recorded, done.unreported)
        return "inconclusive", f"ended early: {left:,} of {number_of(done.planned, 'case')} not reported{with_errors}"
    scope = "" if done.gated else " (a part of the suite: no gate was applied)"
    return "pass", f"all {number_of(len(cases), 'case')} passed or are tolerated{scope}{with_errors}"


def _beside(settlements: Collection[Settlement]) -> str:
    """What is red beside the gates that failed: to mend these alone would not make the run green."""
    failed = Counter(
        one.failure_mode or "unclear" for one in settlements if one.disposition == "failed" and not one.gate
    )
    what = ", ".join(f"{count:,} {mode}" for mode, count in failed.most_common())
    return f"; {number_of(failed.total(), 'case')} failed that no gate tolerates: {what}" if failed else ""


def judge_broken(canaries: Mapping[str, Any] | None) -> list[str]:
    """Why a judge is not to be believed, from the canaries of its run."""
    problem = (canaries or {}).get("problem")
    return [str(problem)] if problem else []


def _better(options: GateOptions, rows: Sequence[GateRow]) -> str:
    """What a comparison shows to be better: half of what a reviewer wants to know."""
    several = len({row.arm for row in rows}) > 1
    better = [
        f"{row.arm + ': ' if several else ''}{row.mode} {row.reason}"
        for row in rows
        if row.difference is not None and row.p is not None and row.outcome != "inconclusive"
        and row.difference <= -options.min_effect and row.difference < 0 and row.p <= options.alpha
    ]  # fmt: skip
    return f"; better: {', '.join(better)}" if better else ""


def _invalid(options: GateOptions, done: Completeness, cases: Collection[GateCase]) -> list[str]:
    reasons = []
    # What the budget did not allow is a matter of its own: it spoils a run only where that leaves the verdict open.
    errors = sum(case.errors - case.unfunded for case in cases)
    trials = errors + sum(case.passed + case.failed + case.unclear for case in cases)
    if trials and errors / trials > options.max_errors:
        reasons.append(
            f"{errors} of {number_of(trials, 'trial')} ended in an error ({errors / trials:.1%}); "
            f"at most {options.max_errors:.1%} may (--pa-max-errors)"
        )
    if done.unfunded:
        reasons.append(f"the budget was spent before a decision: {number_of(done.unfunded, 'case')} not run to the end")
    if not done.stopped and done.recorded < done.planned:
        reasons.append(f"{done.planned - done.recorded} of {number_of(done.planned, 'planned case')} have no result")
    if not done.stopped and done.unreported:
        reasons.append(f"{number_of(done.unreported, 'case')} never reported by pytest (did a worker die?)")
    return reasons


def _told_failed(failed: int, done: Completeness) -> str:
    """How many cases failed. A run that was stopped has judged more of them than pytest came to report."""
    cases = number_of(failed, "case")
    if not done.stopped:
        return f"{cases} failed"
    return f"{cases} {'was' if failed == 1 else 'were'} judged to fail before the run was stopped"
