"""The summary of a run as GitHub markdown, which text of a model cannot break out of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pytest_personal_align.core.record import CaseRecord, RunRecord
from pytest_personal_align.core.text import one_line
from pytest_personal_align.report import cards, figures, wording
from pytest_personal_align.report.gate_rows import loud, quiet, sights
from pytest_personal_align.report.remedies import remedy_markdown, remedy_rows
from pytest_personal_align.report.tally import Outcomes, worst_first

MARKER = "<!-- pytest-personal-align -->"
"""First line of the text: by it a workflow finds its sticky comment again."""

MOST_CHANGES = 10
MOST_SIGHTS = 8
_TEMPLATES = Path(__file__).parent / "templates"
_INVISIBLE = "\N{ZERO WIDTH SPACE}"


@dataclass(frozen=True, slots=True)
class Telling:
    """A verdict in three lines."""

    case: CaseRecord
    reply: str
    explanation: str


def render_markdown(record: RunRecord, *, baseline: RunRecord | None = None, report_url: str | None = None) -> str:
    """Verdict, gate table, at most ten changed verdicts: for ``$GITHUB_STEP_SUMMARY``, ``--pa-summary`` and a comment.

    ``report_url`` is where the HTML report can be had, if anywhere.
    """
    title, cases, more = _changed(record, baseline)
    by_arm = {arm.name: Outcomes.of(case for case in record.cases if case.arm == arm.name) for arm in record.arms}
    text = (
        _environment()
        .get_template("summary.md")
        .render(
            record=record,
            run=record.run,
            marker=Markup(MARKER),
            arms=by_arm,
            gates=loud(record.gates),
            quiet=quiet(record.gates),
            sights=sights(record.gates)[:MOST_SIGHTS],
            contrasts=figures.contrasts(record)[0],
            comparison=record.comparison or {},
            title=title,
            tellings=[_telling(case) for case in cases],
            more=more,
            link=_link(report_url),
            remedies=Markup(remedy_markdown(remedy_rows(record), lambda text: str(inline(text)))),
        )
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def inline(text: Any, limit: int = 400) -> str:
    """Untrusted text as one line of plain markdown: no markup, link, HTML, mention or reference to an issue."""
    line = one_line(str(text), limit)
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = re.sub(r"([\\`*_\[\]|~:@#$])", r"\\\1", escaped)
    # What begins a block: a heading, a list, a rule, a quote.
    escaped = re.sub(r"^(?:(\d+)([.)])(?=\s|$)|()([-+=]))", r"\1\3\\\2\4", escaped)
    # GitHub looks for mentions, references and addresses after the markdown is parsed: a backslash does not stop it.
    escaped = re.sub(r"(\\[@#])(?=\S)", rf"\1{_INVISIBLE}", escaped)
    escaped = re.sub(r"(?i)\b(gh)-(?=\d)", rf"\1-{_INVISIBLE}", escaped)
    return re.sub(r"(?i)\b(www)\.", rf"\1{_INVISIBLE}.", escaped)


def _changed(record: RunRecord, baseline: RunRecord | None) -> tuple[str, Sequence[CaseRecord], int]:
    """What the summary shows in full: new failures where there is a baseline, else the worst failures."""
    comparison = record.comparison
    failed = [case for case in record.cases if case.outcome == "fail"]
    if comparison is not None:
        new = set(comparison.get("new") or [])
        title, chosen = "New failures", [case for case in failed if case.nodeid in new]
    elif baseline is not None:
        passed = {case.nodeid for case in baseline.cases if case.outcome == "pass"}
        title, chosen = "New failures", [case for case in failed if case.nodeid in passed]
    else:
        title, chosen = "Failures", failed
    ordered = worst_first(chosen)
    return title, ordered[:MOST_CHANGES], max(0, len(ordered) - MOST_CHANGES)


def _telling(case: CaseRecord) -> Telling:
    trial = next((trial for trial in case.trials if trial.outcome == "fail"), None)
    if trial is None:
        return Telling(case, "", "")
    quote = trial.observation.quote if trial.observation else ""
    return Telling(case, quote or cards.judged_reply(trial), trial.explanation)


def _link(url: str | None) -> Markup | None:
    plain = url is not None and re.fullmatch(r"https?://[\w./~%?=&+:-]+", url)
    return Markup(f"[The whole report](<{url}>)") if plain else None


def _escaped(value: Any) -> Any:
    return value if isinstance(value, (Markup, int, float)) else Markup(inline(value))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    # Everything that a template puts out passes through inline(), unless it was marked as markdown of our own.
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=False,
        finalize=_escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["w"] = wording
    return environment
