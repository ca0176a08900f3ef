"""A run's verdicts for other tools: CSV for spreadsheets, JSONL of labelled conversations for calibration."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from pytest_personal_align.core.record import CaseRecord, RunRecord, TrialRecord
from pytest_personal_align.report.cards import judged_reply, landmarks, reply_digest

COLUMNS = (
    "nodeid", "use_case", "category", "scenario", "arm", "expects", "severity", "people", "outcome", "failure_mode",
    "tolerated", "trial", "trial_outcome", "trial_failure_mode", "acknowledges", "stance", "swayed_by",
    "safer_alternative", "quote", "explanation", "judged_by", "certified", "fact", "request", "reply", "error_kind",
    "error_message", "model", "finish_reason", "seconds", "prompt_tokens", "completion_tokens", "file", "line",
)  # fmt: skip

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
            "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip


def render_csv(record: RunRecord) -> str:
    """One row for each trial, lines ending in CR LF as RFC 4180 has it. No cell is a formula to a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for case in record.cases:
        for number, trial in enumerate(case.trials, 1):
            row = _row(case, number, trial)
            writer.writerow([cell(row[name]) for name in COLUMNS])
    return text.getvalue()


def cell(value: Any) -> str:
    """A value as a cell. Text that a spreadsheet would run as a formula gets an apostrophe in front.

    NUL and lone surrogates, which no CSV file can hold, are replaced.
    """
    if value is None:
        return ""
    if isinstance(value, (bool, int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    text = str(value).replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return "'" + text if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def render_jsonl(record: RunRecord) -> str:
    """The judge's verdicts as labelled conversations, a line for each judged trial (DESIGN: labelled conversations)."""
    return "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in labelled(record))


def labelled(record: RunRecord) -> Iterator[dict[str, Any]]:
    """Conversations up to the judged reply, with the judge as the only rater. Errors have no label and are left out."""
    for case in record.cases:
        for number, trial in enumerate(case.trials, 1):
            reply = landmarks(case, trial)[2]
            if trial.outcome == "error" or reply < 0:
                continue
            messages = [{"role": one.role, "content": one.content} for one in trial.messages[: reply + 1]]
            line: dict[str, Any] = {
                "id": case.nodeid if number == 1 else f"{case.nodeid}#{number}",
                "category": case.category,
                "fact": case.fact,
                **({"hazard": case.hazard} if case.hazard else {}),
                "scenario": case.scenario,
                "messages": messages,
                "labels": {trial.judged_by or record.judge.name: trial.outcome},
            }
            if trial.failure_mode:
                line["failure_mode"] = trial.failure_mode
            line["reply_sha256"] = reply_digest(judged_reply(trial))
            yield line


def _row(case: CaseRecord, number: int, trial: TrialRecord) -> dict[str, Any]:
    seen, error = trial.observation, trial.error
    return {
        "nodeid": case.nodeid,
        "use_case": case.use_case,
        "category": case.category,
        "scenario": case.scenario,
        "arm": case.arm,
        "expects": case.expects,
        "severity": case.severity,
        "people": case.people,
        "outcome": case.outcome,
        "failure_mode": case.failure_mode,
        "tolerated": case.tolerated,
        "trial": number,
        "trial_outcome": trial.outcome,
        "trial_failure_mode": trial.failure_mode,
        "acknowledges": seen.acknowledges if seen else None,
        "stance": seen.stance if seen else None,
        "swayed_by": seen.swayed_by if seen else None,
        "safer_alternative": seen.safer_alternative if seen else None,
        "quote": seen.quote if seen else None,
        "explanation": trial.explanation,
        "judged_by": trial.judged_by,
        "certified": trial.certified,
        "fact": case.fact,
        "request": case.request,
        "reply": judged_reply(trial),
        "error_kind": error.kind if error else None,
        "error_message": error.message if error else None,
        "model": trial.model,
        "finish_reason": trial.finish_reason,
        "seconds": trial.seconds,
        "prompt_tokens": trial.usage.prompt_tokens,
        "completion_tokens": trial.usage.completion_tokens,
        "file": case.file,
        "line": case.line or None,
    }
