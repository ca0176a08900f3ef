"""Cases of a run record as the gate sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_personal_align.core.gate import Entry, GateCase
from pytest_personal_align.core.modes import Label, label_trials
from pytest_personal_align.core.record import CaseRecord, RunRecord
from pytest_personal_align.core.waivers import confirmed_fail, waiver_on


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
                    (case.nodeid, case.expects, [(trial.outcome, trial.failure_mode) for trial in case.trials])
                    for case in group
                ]
            )
        )
    return labels


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
    )


