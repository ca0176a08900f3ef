"""What the terminal says at the end of a run: verdict, gates, arms, contrasts, calls and cost, on one screen."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from pytest_personal_align.core.record import ArmInfo, GateRecord, RunRecord
from pytest_personal_align.core.text import one_line
from pytest_personal_align.report import wording as w
from pytest_personal_align.report.gate_rows import Sight, loud, quiet, sights
from pytest_personal_align.report.remedies import remedy_rows, remedy_tables
from pytest_personal_align.report.tally import Outcomes

_MOST_GATES = 14
_MOST_ARMS = 6
_MOST_CHANGES = 8
_MOST_REMEDIES = 12
_MOST_CONTRASTS = 6
_SHORTEST = 10
_TIE = "\N{NO-BREAK SPACE}"
_ASCII = str.maketrans({"–": "-", "−": "-", "…": "~", "’": "'", "±": "+-"})


def summary_lines(record: RunRecord, *, width: int = 80, ascii_only: bool = False) -> list[str]:
    """The end of a run in lines of at most ``width`` characters, without colours, whatever the record holds."""
    width = max(40, width)
    blocks = [
        _verdict(record, width),
        _gates(record, width),
        _arms(record, width),
        _remedies(record, width),
        _changes(record, width),
        _waivers(record, width),
        _contrasts(record, width),
        _spent(record, width),
    ]
    lines = [line.rstrip() for block in blocks if block for line in (*block, "")][:-1]
    if ascii_only:
        lines = [line.translate(_ASCII).encode("ascii", "replace").decode() for line in lines]
    return [line[:width].rstrip() for line in lines]


def _verdict(record: RunRecord, width: int) -> list[str]:
    run = record.run
    word = (run.verdict or "unfinished").upper()
    text = one_line(run.reason or w.VERDICT_HELP[run.verdict or "unfinished"], 600)
    lines = _fill(f"{word}  ", text, width)
    notes = [*run.warnings]
    if run.interrupted:
        notes.insert(0, "the run was interrupted: what is missing was not looked at")
    for note in notes[:4]:
        lines += _fill("warning: ", one_line(note, 240), width)
    return lines


def _gates(record: RunRecord, width: int) -> list[str]:
    head = ["failure mode", "cases", "fails", "rate", "90% interval", "limit", "gate"]
    rows = _gate_rows(record, excuses=True)
    if _wide(head, rows) > width:
        rows = _gate_rows(record, excuses=False)
    if _wide(head, rows) > width:
        head, rows = [cell for cell in head if cell != "90% interval"], [row[:4] + row[5:] for row in rows]
    if any(len(row) > 1 for row in rows):
        return _table(head, rows, width, right=set(range(1, len(head) - 1)))
    return [line for row in rows for line in _fill("", row[0], width)]


def _wide(head: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How wide a table is with nothing shortened."""
    whole = [head, *(row for row in rows if len(row) > 1)]
    return sum(max(map(len, cells)) + 2 for cells in zip(*whole, strict=True)) - 2


def _gate_rows(record: RunRecord, *, excuses: bool) -> list[list[str]]:
    """The gate table; rows of one cell are remarks. ``excuses``: with why a mode passes although cases fail."""
    arms = list(dict.fromkeys(row.arm for row in record.gates))
    most = max(3, _MOST_GATES // max(1, len(arms)))
    rows: list[list[str]] = []
    for arm in arms[:_MOST_ARMS]:
        gates = [row for row in record.gates if row.arm == arm]
        told, silent = loud(gates), quiet(gates)
        if len(record.arms) > 1:
            rows.append([one_line(arm, 200)])
        rows += [_gate_cells(row, excuses=excuses) for row in told[:most]]
        if len(told) > most:
            rows.append([f"and {w.count(len(told) - most, 'more gate')}: see the report"])
        rows += [[one_line(row.reason, 240)] for row in told if row.kind == "critical"]
        if silent:
            rows.append([f"no fail: {', '.join(one_line(row.mode, 60) for row in silent)}"])
    return rows + [[_sight(sight)] for sight in sights(record.gates)[:_MOST_ARMS]]


def _sight(sight: Sight) -> str:
    arms = f" in {one_line(', '.join(sight.arms), 60)}" if sight.arms else ""
    seen = [f"{one_line(mode, 60)}{_TIE}{w.change_seen(change)}" for mode, change in sight.changes[:_MOST_CHANGES]]
    seen += [f"{rest:,} more"] if (rest := len(sight.changes) - _MOST_CHANGES) > 0 else []
    return f"could have seen{arms} {one_line(sight.beyond, 60)}, in points: {', '.join(seen)}"


def _gate_cells(row: GateRecord, *, excuses: bool) -> list[str]:
    interval = "" if row.low is None or row.high is None else f"{100 * row.low:.1f}–{w.percent(row.high)}"
    told = [w.points(row.difference)] if row.difference is not None else []
    told += [w.p_value(row.p)] if row.p is not None else []
    told += [one_line(w.excuse(row), 120)] if excuses and w.excuse(row) else []
    why = f" ({', '.join(told)})" if told else ""
    return [one_line(row.mode, 60), w.number(row.cases), w.number(row.failed), w.percent(row.rate), interval,
            w.limit(row), row.outcome.upper() + why]  # fmt: skip


def _arms(record: RunRecord, width: int) -> list[str]:
    rows = []
    by_arm: dict[str, list[Any]] = {arm.name: [] for arm in record.arms}
    for case in record.cases:
        by_arm.setdefault(case.arm, []).append(case)
    for arm in record.arms[:_MOST_ARMS]:
        seen = Outcomes.of(by_arm[arm.name])
        counts = [seen.passed, seen.fail, seen.tolerated, seen.unclear, seen.error]
        rows.append([one_line(_arm_name(arm), 60), *(w.number(count) for count in counts)])
    if not rows:
        return []
    head = ["assistant", "pass", "fail", "tolerated", "unclear", "error"]
    lines = _table(head, rows, width, right=set(range(1, len(head))))
    if len(record.arms) > _MOST_ARMS:
        lines.append(f"and {w.count(len(record.arms) - _MOST_ARMS, 'more arm')}: see the report")
    return lines


def _arm_name(arm: ArmInfo) -> str:
    resolved = [model for model in arm.resolved_models if model not in (arm.model, arm.model.rpartition("/")[2])]
    return f"{arm.name} ({', '.join(resolved)})" if resolved else arm.name


def _remedies(record: RunRecord, width: int) -> list[str]:
    lines: list[str] = []
    for head, rows in remedy_tables(remedy_rows(record)):
        names = [[one_line(row[0], 60), *row[1:]] for row in rows[:_MOST_REMEDIES]]
        lines += ["", *_table(head, names, width, right=set(range(1, len(head))))]
    return lines[1:]


def _changes(record: RunRecord, width: int) -> list[str]:
    comparison = record.comparison
    if not comparison:
        return []
    parts = []
    for name, what in (("new", "new"), ("fixed", "fixed"), ("still", "still failing"), ("noise", "within noise"),
                       ("added", "added"), ("removed", "removed"), ("incomparable", "not comparable")):  # fmt: skip
        if number := len(comparison.get(name) or []):
            parts.append(f"{number:,} {what}")
    base = one_line(str(comparison.get("baseline") or "the baseline"), 50)
    return _fill(f"against {base}: ", ", ".join(parts) or "nothing changed", width)


def _waivers(record: RunRecord, width: int) -> list[str]:
    lines: list[str] = []
    states = [str(waiver.get("state")) for waiver in record.waivers]
    if states:
        told = ", ".join(f"{states.count(state)} {one_line(state, 20)}" for state in dict.fromkeys(states))
        lines += _fill("waivers: ", told, width)
    for one in [one for one in record.pass_k if one.get("k") != 1][:_MOST_ARMS]:
        arm = f"{one_line(str(one.get('arm')), 60)}: " if len(record.arms) > 1 else ""
        told = f"{arm}{w.percent(one.get('rate'))} of {one.get('cases')} cases pass in all of that many trials"
        lines += _fill(f"pass^{one.get('k')}: ", told, width)
    return lines


def _contrasts(record: RunRecord, width: int) -> list[str]:
    several = len(record.arms) > 1
    rows = []
    for contrast in record.contrasts[:_MOST_CONTRASTS]:
        low, high = contrast.get("low"), contrast.get("high")
        interval = "" if low is None or high is None else f"{w.points(low)} to {w.points(high)}"
        arm = [one_line(str(contrast.get("arm", "")), 60)] if several else []
        rows.append([one_line(str(contrast.get("name", "")), 60), *arm, w.points(contrast.get("difference")), interval,
                     w.p_value(contrast.get("p")), str(contrast.get("pairs", ""))])  # fmt: skip
    if not rows:
        return []
    head = ["paired contrast", *(["arm"] if several else []), "points", "95% interval", "p", "pairs"]
    lines = _table(head, rows, width, right=set(range(2 if several else 1, len(head))))
    if len(record.contrasts) > _MOST_CONTRASTS:
        lines.append(f"and {w.count(len(record.contrasts) - _MOST_CONTRASTS, 'more contrast')}: see the report")
    return lines


def _spent(record: RunRecord, width: int) -> list[str]:
    calls = record.calls
    parts = [
        f"{name} {', '.join(f'{value:,} {what}' for what, value in role if value) or 'none'}"
        for name, role in (
            ("assistant", (("sent", calls.assistant.sent), ("cached", calls.assistant.cached),
                           ("shared", calls.assistant.shared))),
            ("judge", (("sent", calls.judge.sent), ("cached", calls.judge.cached),
                       ("screened", calls.judge.screened))),
        )
    ]  # fmt: skip
    seconds = w.elapsed(record.run.started, record.run.finished)
    judge = one_line(f"{record.judge.name} {record.judge.version}", 60)
    lines = _fill("calls: ", "; ".join(parts), width)
    cost = f"cost: {w.cost(calls)}" + (f"   time: {w.duration(seconds)}" if seconds is not None else "")
    lines += _fill("", f"{cost}   judge: {judge}", width)
    return lines + _trust(record, width)


def _trust(record: RunRecord, width: int) -> list[str]:
    """How far the judge is to be trusted; without a calibration only where a threshold rests on that."""
    trust = f"the judge is {w.trust(record.judge.calibration)}"
    if record.judge.calibration:
        return _fill("", trust, width)
    if any(row.limit is not None for row in record.gates):
        return _fill("", f"{trust}: the thresholds hold for what it reports, its errors included", width)
    return []


def _fill(lead: str, text: str, width: int) -> list[str]:
    lines = textwrap.wrap(lead + text, width, subsequent_indent=" " * min(len(lead), 12), break_on_hyphens=False)
    return [line.replace(_TIE, " ") for line in lines]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int, right: set[int]) -> list[str]:
    """Columns side by side; names are shortened in the middle until a line fits. A row of one cell is a heading."""
    table = [list(head), *(list(row) for row in rows if len(row) == len(head))]
    names = [column for column in range(len(head) - 1) if column not in right]
    sizes = [max(len(row[column]) for row in table) for column in range(len(head))]
    while (over := sum(sizes) + 2 * (len(head) - 1) - width) > 0:
        longest = max(names, key=lambda column: sizes[column])
        if sizes[longest] <= _SHORTEST:
            break
        sizes[longest] = max(_SHORTEST, sizes[longest] - (over if len(names) == 1 else 1))
    lines = []
    for row in [head, *rows]:
        if len(row) < len(head):
            lines += _fill("", row[0], width)
            continue
        cells = [_shorten(cell, size) if column in names else cell
                 for column, (cell, size) in enumerate(zip(row, sizes, strict=True))]  # fmt: skip
        lines.append("  ".join(cell.rjust(size) if column in right else cell.ljust(size)
                               for column, (cell, size) in enumerate(zip(cells, sizes, strict=True))))  # fmt: skip
    return lines


def _shorten(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    head = (room - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (room - 1 - head) :]}"
