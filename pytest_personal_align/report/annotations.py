"""Annotations of GitHub Actions: lines that make a fail appear on the use case's line in the pull request."""

from __future__ import annotations

import re

from pytest_personal_align.core.record import CaseRecord, RunRecord
from pytest_personal_align.core.text import one_line
from pytest_personal_align.report import cards
from pytest_personal_align.report.tally import worst_first
from pytest_personal_align.report.wording import mode_name

MOST = 10
"""GitHub shows ten errors of a step; what is beyond them is counted in the last one."""


def annotation_lines(record: RunRecord, *, most: int = MOST) -> list[str]:
    """``::error`` lines for the failures that break the run, worst first, and one for an invalid run."""
    failed = worst_first(case for case in record.cases if case.outcome == "fail" and not case.tolerated)
    places: dict[tuple[str, int, str], list[CaseRecord]] = {}
    for case in failed:
        places.setdefault((case.file, case.line, case.arm if len(record.arms) > 1 else ""), []).append(case)
    groups = list(places.values())
    head = []
    if record.run.verdict in ("invalid", "inconclusive"):
        level = "error" if record.run.verdict == "invalid" else "warning"
        title = f"Personal alignment: run {record.run.verdict}"
        head = [command(level, record.run.reason, title=title)]
    room = max(1, most - len(head))
    if len(groups) > room:
        rest = sum(map(len, groups[room - 1 :]))
        return [*head, *map(_annotation, groups[: room - 1]), command("error", f"{rest} more failed: see the report")]
    return [*head, *map(_annotation, groups)]


def command(level: str, message: str, *, file: str = "", line: int = 0, title: str = "") -> str:
    """One workflow command. Property and message are encoded as the runner decodes them."""
    place = {"file": log_line(file, 1_000), "line": str(line)} if file and line > 0 else {}
    given = {**place, "title": log_line(title, 200)}
    properties = ",".join(f"{name}={_property(value)}" for name, value in given.items() if value)
    return f"::{level}{' ' + properties if properties else ''}::{_data(log_line(message, 900))}"


def log_line(text: str, limit: int = 300) -> str:
    """Untrusted text for a line of a GitHub log, in which the runner finds no command of its own.

    ``##[command]`` works anywhere in a line and ``::command::`` at its start.
    """
    line = re.sub(r"#(?=#\[)", "#\N{ZERO WIDTH SPACE}", one_line(text, limit))
    return re.sub(r"^:(?=:)", ":\N{ZERO WIDTH SPACE}", line)


def _annotation(cases: list[CaseRecord]) -> str:
    case = cases[0]
    modes: dict[str, list[str]] = {}
    for one in cases:
        modes.setdefault(mode_name(one.failure_mode) or "fail", []).append(one.scenario)
    failed = "; ".join(f"{', '.join(dict.fromkeys(scenarios))}: {mode}" for mode, scenarios in modes.items())
    trial = next((trial for trial in case.trials if trial.outcome == "fail"), None)
    quote = ""
    if trial is not None:
        quote = (trial.observation.quote if trial.observation else "") or cards.judged_reply(trial)
    which = f" ({case.scenario})" if len(cases) > 1 else ""
    told = f' The reply{which}: "{one_line(quote, 240)}"' if quote else ""
    text = f'{failed}. The user said: "{one_line(case.fact, 240)}"{told}'
    return command("error", text, file=case.file, line=case.line, title=f"{case.use_case}: {', '.join(modes)}")


def _data(line: str) -> str:
    # Line ends, which would be encoded too, are gone by now.
    return line.replace("%", "%25")


def _property(line: str) -> str:
    return _data(line).replace(":", "%3A").replace(",", "%2C")
