"""Cases of a run record as the gate sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from pytest_personal_align.core.gate import Entry, GateCase
from pytest_personal_align.core.modes import Label, label_trials
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.record import CaseRecord, RunRecord, TrialRecord
from pytest_personal_align.core.result import CaseResult, Transcript, Trial, TrialError, Verdict
from pytest_personal_align.core.waivers import confirmed_fail, content_of, waiver_on


def cases_of(record: RunRecord, today: str | None = None) -> Iterator[GateCase]:
    """The cases of a record, labelled anew over all scenarios of a use case: a merge may have brought them
    together. ``today`` (ISO) decides about waivers; by default the day of the run."""
    day = today or (record.run.finished or record.run.started)[:10]
    labels = labels_of(record)
    for case in record.cases:
        yield _gate_case(case, labels[case.nodeid], day)


def labels_of(record: RunRecord) -> Mapping[str, Label]:
    """Outcome and failure mode of each case by node id."""
    groups: dict[tuple[str, str], list[CaseRecord]] = {}
    for case in record.cases:
        groups.setdefault((case.arm, case.use_case), []).append(case)
    labels: dict[str, Label] = {}
    for group in groups.values():
        labels.update(
            label_trials(
                [
                    (
                        case.nodeid,
                        case.expects,
                        case.people,
                        [(trial.outcome, trial.failure_mode) for trial in case.trials],
                    )
                    for case in group
                ]
            )
        )
    return labels


def result_of(case: CaseRecord, key: str) -> CaseResult:
    """A recorded case as the engine would hand it on, for the plan ``key``."""
    return CaseResult(key, tuple(_trial(trial) for trial in case.trials))


def results_of(record: RunRecord, plans: Iterable[Plan]) -> Iterator[CaseResult]:
    """A result for each plan: the recorded one, or errors where the record has none of this text."""
    recorded = {case.nodeid: case for case in record.cases}
    trials = trials_of(record)
    for plan in plans:
        case = recorded.get(plan.nodeid)
        if case is None:
            yield _missing(plan, trials, "the record has no such case")
        elif case.content and case.content != content_of(plan):
            yield _missing(plan, trials, "its text changed since the record was made")
        else:
            yield result_of(case, plan.key)


def transcripts_of(record: RunRecord) -> Callable[[Plan, int], Transcript]:
    """What was said in a recorded run, by plan and trial; an error where the record has none of this text."""
    recorded = {case.nodeid: case for case in record.cases}

    def said(plan: Plan, trial: int) -> Transcript:
        case = recorded.get(plan.nodeid)
        if case is None:
            return _not_said("the record has no such case")
        if case.content and case.content != content_of(plan):
            return _not_said("its text changed since the record was made")
        if trial >= len(case.trials):
            return _not_said(f"the record has {len(case.trials)} of the {plan.trials} trials")
        kept = case.trials[trial]
        transcript = _trial(kept).transcript
        judges = kept.error is not None and (kept.error.kind == "judge" or bool(kept.judged_by))
        return replace(transcript, error=None) if judges and transcript.reply else transcript

    return said


def _not_said(why: str) -> Transcript:
    return Transcript((), error=TrialError("replay", why))


def ended_early(record: RunRecord) -> bool:
    """Whether it is of a sequential run that left out what it did not need, so that it holds a part of the suite."""
    told = record.sequential or {}
    return bool(told.get("stopped") or told.get("conversations_not_started"))


def trials_of(record: RunRecord) -> int:
    """Trials of a case in a record; at least one."""
    return max((len(case.trials) for case in record.cases), default=0) or 1


def _missing(plan: Plan, trials: int, why: str) -> CaseResult:
    error = TrialError("replay", why)
    return CaseResult(plan.key, (Trial(Transcript((), error=error), Verdict("error", error=error)),) * trials)


def _trial(trial: TrialRecord) -> Trial:
    error = TrialError(trial.error.kind, trial.error.message) if trial.error else None
    transcript = Transcript(
        messages=tuple(trial.messages),
        finish_reason=trial.finish_reason,
        usage=trial.usage,
        seconds=trial.seconds,
        model=trial.model,
        error=error,
        notes=trial.notes,
    )
    verdict = Verdict(
        outcome=trial.outcome,
        failure_mode=trial.failure_mode,
        observation=trial.observation,
        explanation=trial.explanation,
        certified=trial.certified,
        judged_by=trial.judged_by,
        flags=tuple(trial.flags),
        votes=tuple(trial.votes),
        turn=trial.turn,
        error=error,
    )
    return Trial(transcript, verdict)


def entry_of(case: GateCase) -> Entry:
    return Entry(case.key, case.arm, case.use_case, case.category, case.scenario, case.expects, case.people,
                 case.waiver)  # fmt: skip


def _gate_case(case: CaseRecord, label: Label, today: str) -> GateCase:
    waiver = (case.waiver["reason"], case.waiver["until"]) if case.waiver else None
    return GateCase(
        # Two records may have the same plan key (a baseline of the same run): the node id is unique in each.
        key=case.nodeid,
        nodeid=case.nodeid,
        arm=case.arm,
        use_case=case.use_case,
        category=case.category,
        scenario=case.scenario,
        expects=case.expects,
        people=case.people,
        severity=case.severity,
        outcome=label.outcome,
        failure_mode=label.failure_mode,
        verdicts="".join(trial.outcome[0] for trial in case.trials),
        content=case.content,
        confirmed=case.severity == "critical" and confirmed_fail(case.expects, case.trials),
        waiver=waiver_on(waiver, today),
        unfunded=sum(trial.error is not None and trial.error.kind == "budget" for trial in case.trials),
        modes=label.modes,
    )
