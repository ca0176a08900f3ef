"""The gate applied to a finished record: other thresholds, another baseline, or a merge of shards. No call is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from pytest_personal_align.core.baseline import Baseline
from pytest_personal_align.core.findings import Findings, findings
from pytest_personal_align.core.limit import judge_accuracies
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.record import RunRecord
from pytest_personal_align.core.recorded import cases_of, ended_early, entry_of
from pytest_personal_align.core.rules import Rules, Settlement
from pytest_personal_align.core.settle import Settler
from pytest_personal_align.core.validity import Completeness, judge_broken, run_verdict


@dataclass(frozen=True)
class Regated:
    """``record`` is the old one with cases, gates and verdict as the new rules have them."""

    record: RunRecord
    settlements: Mapping[str, Settlement]
    findings: Findings


def regate(
    record: RunRecord, options: GateOptions, *, baseline: Baseline | None = None, today: str = "", limits: bool = True
) -> Regated:
    """Apply ``options`` to a record; settlements are by node id.

    ``today`` (ISO) decides about waivers; by default the day of the run. ``limits``: see :class:`settle.Rules`.
    """
    day = today or (record.run.finished or record.run.started)[:10]
    cases = list(cases_of(record, day))
    judge = record.judge
    accuracy, doubt = judge_accuracies(judge.calibration, judge.version, options.unclear, options.thresholds)
    rules = Rules(
        options=options,
        baseline=baseline,
        accuracy=accuracy,
        doubts=(doubt,) if doubt else (),
        models={arm.name: arm.model for arm in record.arms},
        today=day,
        excerpt=record.run.partial or ended_early(record),
        limits=limits,
    )
    trials = max((len(case.verdicts) for case in cases), default=1)
    settler = Settler(rules, [entry_of(case) for case in cases], trials)
    settler.resolved = {arm.name: set(arm.resolved_models) for arm in record.arms}
    settlements = {settlement.key: settlement for settlement in settler.take(cases)}
    found = findings(settler, settlements.values(), record.judge.version)
    done = Completeness(len(cases), len(cases), 0, stopped=record.run.interrupted, gated=True, unfunded=found.unfunded)
    broken = [*judge_broken(record.judge.canaries), *found.broken]
    verdict, reason = run_verdict(options, done, cases, settlements.values(), found.rows, broken)
    by_id = {case.nodeid: case for case in cases}
    changed = [
        case.model_copy(
            update={
                "outcome": by_id[case.nodeid].outcome,
                "failure_mode": by_id[case.nodeid].failure_mode,
                "tolerated": settlements[case.nodeid].disposition == "tolerated",
                "reason": settlements[case.nodeid].reason,
            }
        )
        for case in record.cases
    ]
    kept = [warning for warning in record.run.warnings if warning not in record.run.gate_warnings]
    run = record.run.model_copy(
        update={
            "verdict": verdict,
            "reason": reason,
            "warnings": list(dict.fromkeys([*kept, *found.warnings])),
            "gate_warnings": found.warnings,
            "baseline": baseline.digest if baseline else None,
        }
    )
    update = {"run": run, "cases": changed, **found.fields(options, gated=True)}
    return Regated(record.model_copy(update=update), settlements, found)


def compared(record: RunRecord, options: GateOptions, baseline: Baseline, name: str) -> RunRecord:
    """A record held against ``baseline``: its thresholds are its own run's matter. One that is not of a whole and
    valid run is compared too, but says nothing of its suite: the result is invalid. ``name`` is what to call it."""
    found = regate(record, options, baseline=baseline, limits=False).record
    why = _unfit(record, name)
    if not why or found.run.verdict == "invalid":
        return found
    return found.model_copy(update={"run": found.run.model_copy(update={"verdict": "invalid", "reason": why})})


def _unfit(record: RunRecord, name: str) -> str:
    """Why no verdict may rest on a record, where its cases do not show it; else empty."""
    run = record.run
    if run.verdict == "invalid":
        return f"{name} is of a run that was invalid: {run.reason}"
    if run.verdict is None or run.interrupted:
        return f"{name} is of a run that did not come to its end; run it again: it resumes"
    if run.partial:
        return f"{name} is of a part of its suite (-k, -x, one file, a shard), and a part is not gated; run the whole"
    return ""


def options_of(record: RunRecord) -> GateOptions:
    """The gate options that a record was made with; the defaults where it does not say."""
    kept: Mapping[str, Any] = record.gate or {}
    known = {field.name for field in fields(GateOptions)}
    return GateOptions(**{name: value for name, value in kept.items() if name in known})


def exit_code(record: RunRecord, *, strict: bool) -> int:
    """0: pass; 1: fail; 10: invalid or, if strict, inconclusive."""
    verdict = record.run.verdict
    if verdict == "fail":
        return 1
    return 10 if verdict == "invalid" or (verdict == "inconclusive" and strict) else 0
