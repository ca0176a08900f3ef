"""All cases as one compact JSON value, from which the report's script draws what is not in the HTML.

Texts stand once, whatever number of conversations begin with them, and cases are rows of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pytest_personal_align.core.record import CaseRecord, RunRecord, TrialRecord
from pytest_personal_align.report.cards import judged_reply, landmarks, observed, reply_digest

Passing = Literal["full", "summary", "none"]


class Table:
    """Values by the order in which they were first asked for."""

    def __init__(self) -> None:
        self.values: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, value: str) -> int:
        found = self._places.get(value)
        if found is None:
            found = self._places[value] = len(self.values)
            self.values.append(value)
        return found


def data_block(record: RunRecord, anchors: Sequence[str], passing: Passing) -> dict[str, Any]:
    """What report.js reads: see ``fields`` and ``trial_fields`` for the rows' columns.

    ``passing`` says how much of a passing case is kept: its whole conversations, the request and the judged
    reply, or only its row.
    """
    texts, names = Table(), Table()
    texts.place("")
    rows = []
    for case, anchor in zip(record.cases, anchors, strict=True):
        keep: Passing = "full" if case.outcome != "pass" else passing
        trials = [_trial(case, trial, keep, texts, names) for trial in case.trials]
        rows.append([
            anchor, case.nodeid, names.place(case.use_case), names.place(case.category), names.place(case.scenario),
            names.place(case.arm), names.place(case.outcome), names.place(case.failure_mode or ""),
            int(case.tolerated) + 2 * (case.severity == "critical"), names.place(case.expects),
            texts.place(case.fact), texts.place(case.hazard or ""), texts.place(case.request), trials,
        ])  # fmt: skip
    return {
        "run": record.run.id,
        "judge": record.judge.name,
        "fields": ["anchor", "nodeid", "useCase", "category", "scenario", "arm", "outcome", "mode", "flags", "expects",
                   "fact", "hazard", "request", "trials"],
        "trialFields": ["outcome", "mode", "messages", "roles", "landmarks", "complete", "digest", "explanation",
                        "quote", "seen", "judgedBy", "error", "flags"],
        "names": names.values,
        "texts": texts.values,
        "cases": rows,
    }  # fmt: skip


def _trial(case: CaseRecord, trial: TrialRecord, keep: Passing, texts: Table, names: Table) -> list[Any]:
    marks = landmarks(case, trial)
    kept = list(range(len(trial.messages)))
    if keep != "full":
        kept = sorted({mark for mark in marks[1:] if mark >= 0}) if keep == "summary" else []
    messages = [trial.messages[index] for index in kept]
    seen = trial.observation
    shown = keep != "none"
    return [
        names.place(trial.outcome), names.place(trial.failure_mode or ""),
        [texts.place(message.content) for message in messages],
        names.place("".join(message.role[0] for message in messages)),
        [kept.index(mark) if mark in kept else -1 for mark in marks],
        int(len(kept) == len(trial.messages)),
        reply_digest(judged_reply(trial)) if shown else "",
        texts.place(trial.explanation) if shown else 0,
        texts.place(seen.quote) if seen and shown else 0,
        names.place(observed(seen) if seen else ""),
        names.place(trial.judged_by + ("" if trial.certified else " (not certified)")),
        texts.place(f"{trial.error.kind}: {trial.error.message}") if trial.error else 0,
        names.place(", ".join(trial.flags)),
    ]  # fmt: skip
