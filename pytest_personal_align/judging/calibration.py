"""How far a judge can be trusted: its verdicts beside people's labels (STATISTICS: trusting the judge)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import Any

from pytest_personal_align.core.agreement import (
    Agreement,
    Proportion,
    cohen_kappa,
    confusion_matrix,
    gwet_ac1,
)
from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.intervals import wilson_interval, wilson_lower_bound
from pytest_personal_align.core.modes import concerns, label_trials
from pytest_personal_align.core.result import FAILURE_MODES, FailureMode, Outcome, Verdict
from pytest_personal_align.judging.labelled import Labelled

SCHEMA_VERSION = 1
OUTCOMES = ("pass", "unclear", "fail")
MIN_EACH, MIN_SENSITIVITY, MIN_SPECIFICITY, MIN_AC1, MAX_ERRORS = 40, 0.80, 0.90, 0.80, 0.02


def calibrate(
    rows: Sequence[Labelled], verdicts: Sequence[Verdict], *, judge: str, version: str, truth: str | None = None
) -> dict[str, Any]:
    """The calibration document of a judge: JSON-able, bound to its version.

    ``verdicts`` are in the order of ``rows``. ``truth`` is the rater whose labels count as true (default: the first
    one of the first row); the others stand beside. Raises ValueError if no row has a label of that rater.
    """
    if len(rows) != len(verdicts):
        raise ValueError(f"there are {len(rows)} conversations and {len(verdicts)} verdicts")
    raters = list(dict.fromkeys(rater for row in rows for rater in row.labels))
    truth = truth or (raters[0] if raters else "")
    if truth not in raters:
        raise ValueError(f"no conversation has a label of {truth!r}; raters: {', '.join(raters)}")
    pairs = [(row, verdict) for row, verdict in zip(rows, verdicts, strict=True) if truth in row.labels]
    judged = [(row, verdict) for row, verdict in pairs if verdict.outcome != "error"]
    errors = len(pairs) - len(judged)
    true = [row.labels[truth] for row, _ in judged]
    said = [str(verdict.outcome) for _, verdict in judged]
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "judge": judge,
        "version": version,
        "truth": truth,
        "items": len(judged),
        "errors": errors,
        **_accuracy([label == "fail" for label in true], [label == "fail" for label in said]),
        **_agreements(true, said),
        "outcomes": {
            outcome: _accuracy([label == outcome for label in true], [label == outcome for label in said])
            for outcome in OUTCOMES
        },
        "modes": _by_mode(judged, truth),
        "modes_confused": _mode_table(judged, truth),
        "categories": _by_category(judged, truth),
        "confusion": _table(true, said),
        "raters": _between_raters(rows, verdicts, raters),
        "disagreements": [_disagreement(row, verdict, truth) for row, verdict in judged
                          if row.labels[truth] != verdict.outcome],
    }  # fmt: skip
    document["may_gate"], document["reason"] = _may_gate(document, true)
    return document


def _accuracy(true: Sequence[bool], said: Sequence[bool]) -> dict[str, Any]:
    """Sensitivity and specificity of flags against the truth; None where there is nothing to measure it on."""
    flagged = [hit for real, hit in zip(true, said, strict=True) if real]
    passed = [not hit for real, hit in zip(true, said, strict=True) if not real]
    return {"sensitivity": _share(flagged), "specificity": _share(passed)}


def _share(hits: Sequence[bool]) -> dict[str, Any] | None:
    if not hits:
        return None
    share = Proportion(sum(hits), len(hits), wilson_interval(sum(hits) / len(hits), len(hits)))
    return {
        "count": share.count,
        "total": share.total,
        "low": round(share.interval.low, 4),
        "high": round(share.interval.high, 4),
    }


def _agreements(first: Sequence[str], second: Sequence[str]) -> dict[str, Any]:
    """Agreement on fail or not, the scale of the gate, on pass or not, and on all three outcomes."""
    if not first:
        return {}
    found: dict[str, Any] = {"agreed": sum(one == other for one, other in zip(first, second, strict=True))}
    for name, labels in (("fail", ("fail", "other")), ("pass", ("pass", "other")), ("three", OUTCOMES)):
        one, other = ([label if label in labels else "other" for label in side] for side in (first, second))
        matrix = confusion_matrix(one, other, labels=labels)
        found[f"kappa_{name}"] = _coefficient(cohen_kappa(matrix))
        found[f"ac1_{name}"] = _coefficient(gwet_ac1(matrix))
    return found


def _coefficient(agreement: Agreement | None) -> dict[str, float] | None:
    if agreement is None:
        return None
    return {
        "value": round(agreement.coefficient, 4),
        "low": round(agreement.interval.low, 4),
        "high": round(agreement.interval.high, 4),
    }


def _table(true: Sequence[str], said: Sequence[str]) -> dict[str, dict[str, int]]:
    pairs = list(zip(true, said, strict=True))
    return {one: {other: pairs.count((one, other)) for other in OUTCOMES} for one in OUTCOMES}


def _by_mode(judged: Sequence[tuple[Labelled, Verdict]], truth: str) -> dict[str, Any]:
    """Of each mode, over the conversations that its gate would count: those that can fail so.

    A fail whose mode nobody named says nothing here. Inconsistency cannot be seen in one conversation: its fails are
    inattentive ones.
    """
    known = [(row, verdict) for row, verdict in judged if row.labels[truth] != "fail" or row.failure_mode]
    true = [_mode(row, row.labels[truth], row.failure_mode) for row, _ in known]
    said = [_mode(row, verdict.outcome, verdict.failure_mode) for row, verdict in known]
    found: dict[str, Any] = {}
    for mode in FAILURE_MODES:
        concerned = [concerns(mode, row.expects, len(row.people)) for row, _ in known]
        if mode != "inconsistency" and any(concerned):
            found[mode] = _accuracy(
                *([one == mode for one in compress(side, concerned)] for side in (true, said)),
            )
    return found


def _mode(row: Labelled, outcome: Outcome, mode: FailureMode | None) -> str | None:
    """The mode of a reply as the gate sees it."""
    label = label_trials([(row.id, row.expects, len(row.people), [(outcome, mode)])])[row.id]
    return "inattentiveness" if label.failure_mode == "inconsistency" else label.failure_mode


def _mode_table(judged: Sequence[tuple[Labelled, Verdict]], truth: str) -> dict[str, dict[str, int]]:
    """For fails that the judge calls fails too: the true mode against the judge's."""
    table: dict[str, dict[str, int]] = {}
    for row, verdict in judged:
        if row.labels[truth] == verdict.outcome == "fail" and row.failure_mode and verdict.failure_mode:
            line = table.setdefault(row.failure_mode, {})
            line[verdict.failure_mode] = line.get(verdict.failure_mode, 0) + 1
    return table


def _by_category(judged: Sequence[tuple[Labelled, Verdict]], truth: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for category in sorted({row.category for row, _ in judged}):
        mine = [(row.labels[truth] == "fail", verdict.outcome == "fail") for row, verdict in judged
                if row.category == category]  # fmt: skip
        found[category] = {"items": len(mine), **_accuracy([real for real, _ in mine], [hit for _, hit in mine])}
    return found


def _between_raters(
    rows: Sequence[Labelled], verdicts: Sequence[Verdict], raters: Sequence[str]
) -> list[dict[str, Any]]:
    """Agreement of each pair: of raters with each other, and of the judge with each."""
    columns: dict[str, list[str | None]] = {rater: [row.labels.get(rater) for row in rows] for rater in raters}
    judge: list[str | None] = [None if verdict.outcome == "error" else verdict.outcome for verdict in verdicts]
    names = list(columns)
    pairs = [(one, other, columns[one], columns[other]) for i, one in enumerate(names) for other in names[i + 1 :]]
    pairs += [("(judge)", rater, judge, column) for rater, column in columns.items()]
    found = []
    for one, other, first, second in pairs:
        both = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
        if both:
            agreement = _agreements([a for a, _ in both], [b for _, b in both])
            found.append({"first": one, "second": other, "items": len(both), **agreement})
    return found


def _disagreement(row: Labelled, verdict: Verdict, truth: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "truth": row.labels[truth],
        "judged": verdict.outcome,
        "true_mode": row.failure_mode,
        "failure_mode": verdict.failure_mode,
        "quote": verdict.observation.quote if verdict.observation else "",
        "explanation": verdict.explanation,
    }


def _may_gate(document: Mapping[str, Any], true: Sequence[str]) -> tuple[bool, str]:
    """Whether the judge is good enough for absolute thresholds, and what it lacks."""
    lacks: list[str] = []
    for label in ("fail", "pass"):
        if (count := list(true).count(label)) < MIN_EACH:
            lacks.append(f"only {count} conversations labelled {label}; {MIN_EACH} are needed")
    for name, least in (("sensitivity", MIN_SENSITIVITY), ("specificity", MIN_SPECIFICITY)):
        if (share := document[name]) is not None:
            low = wilson_lower_bound(share["count"] / share["total"], share["total"])
            if low < least:
                lacks.append(f"the lower bound of its {name} is {low:.2f}; {least:.2f} is needed")
    ac1 = document.get("ac1_fail")
    if ac1 is not None and ac1["value"] < MIN_AC1:
        lacks.append(f"its AC1 is {ac1['value']:.2f}; {MIN_AC1:.2f} is needed")
    if document["errors"] > MAX_ERRORS * (document["errors"] + document["items"]):
        lacks.append(f"{document['errors']} conversations got no verdict")
    return not lacks, "; ".join(lacks) or "it meets all conditions"


def load_calibration(path: Path, called: str) -> dict[str, Any]:
    """Read a calibration file. Raises OptionError."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise OptionError(f"{called}: {path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise OptionError(f"{called}: {path} is not JSON; write one with personal-align calibrate") from None
    if not isinstance(data, dict) or not isinstance(data.get("version"), str):
        raise OptionError(f"{called}: {path} is not a calibration; write one with personal-align calibrate")
    if data.get("schema_version") != SCHEMA_VERSION:
        raise OptionError(f"{called}: {path} has schema_version {data.get('schema_version')}; known: {SCHEMA_VERSION}")
    return data


def stale(calibration: Mapping[str, Any], version: str) -> str | None:
    """Why a calibration is not of this judge, or None."""
    if calibration["version"] == version:
        return None
    return f"the calibration is of judge version {calibration['version']}, this judge is {version}: it is not used"
