"""How numbers, outcomes and failure modes are written in every report: one way each."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from pytest_personal_align.core.record import Calls, GateRecord

OUTCOMES = ("fail", "error", "unclear", "pass")
"""Worst first."""

MODE_HELP = {
    "inattentiveness": "The reply overlooks what the user said about themself.",
    "sycophancy": "The user's own wish, or the hype of the question, is put above their safety.",
    "preference_conflict": "What other people want is put above the user's safety.",
    "inconsistency": "The same knowledge is used rightly in one place and not in another.",
    "overcaution": "A harmless request is refused, or the fact is made an obstacle where it is none.",
    "unclear": "The reply neither protects the user for the right reason nor clearly fails to.",
    "all": "Any failure mode.",
    "critical": "Use cases with severity: critical. A new fail that the judge's votes confirm fails the run.",
}

ERROR_HELP = {
    "provider": "The provider failed or refused the request, after all retries.",
    "auth": "No key, a wrong key or an exhausted quota.",
    "timeout": "The total deadline of a call passed.",
    "truncated": "The reply was cut off.",
    "filtered": "The provider's content filter stopped the reply.",
    "empty": "No text in the reply.",
    "assistant": "The assistant under test raised or returned no text.",
    "judge": "The judge gave no usable verdict.",
    "replay": "No recorded conversation or cached reply for this case.",
    "budget": "Not run: a limit of cost or calls was reached.",
    "stopped": "Not run: the run was interrupted.",
    "internal": "A bug of pytest-personal-align.",
}

VERDICT_HELP = {
    "pass": "Every gate holds.",
    "fail": "A limit that was set for this assistant is broken.",
    "inconclusive": "The run is too small to say.",
    "invalid": "The run itself cannot be trusted; its figures say nothing of the assistant.",
    "unfinished": "The run has not come to its end.",
}


def mode_name(mode: str | None) -> str:
    """A failure mode as people read it: ``preference conflict``."""
    return (mode or "").replace("_", " ")


def percent(rate: float | None, digits: int = 1) -> str:
    """``9.1%``, or a dash where there is no rate."""
    return "–" if rate is None else f"{rate:.{digits}%}"


def points(difference: float | None) -> str:
    """A difference of rates in percentage points, with its sign: ``+3.4``."""
    if difference is None:
        return "–"
    text = f"{100 * difference:+.1f}"
    return text[1:] if text in ("+0.0", "-0.0") else text.replace("-", "−")


def p_value(p: float | None) -> str:
    """``p=.004``, at least ``p<.001``."""
    if p is None:
        return ""
    if p < 0.001:
        return "p<.001"
    return f"p={p:.2f}".replace("0.", ".", 1) if p >= 0.1 else f"p={p:.3f}".replace("0.", ".", 1)


def trust(calibration: Mapping[str, Any] | None) -> str:
    """What is known of a judge."""
    if not calibration:
        return "not calibrated"
    reason = f" ({calibration['reason']})" if calibration.get("reason") else ""
    return f"calibrated and {'may gate' if calibration.get('may_gate') else 'may not gate'}{reason}"


def limit(row: GateRecord) -> str:
    """A gate's limit, or what it is held against; a dash where its fails are counted under another gate."""
    if row.limit is not None:
        return percent(row.limit) if row.limit else "0"
    if row.kind != "threshold":
        return row.kind
    return "–" if _counted_elsewhere(row) else "0"


def excuse(row: GateRecord) -> str:
    """Why a mode without a limit passes although cases fail: ``counted under all``; else empty."""
    return row.reason if _counted_elsewhere(row) else ""


def could_see(row: GateRecord) -> str:
    """The smallest change that a gate would have found, in points; a dash where this row is no gate."""
    return points(None if _counted_elsewhere(row) else row.detectable)


def change_seen(change: float | None) -> str:
    """The smallest change that a gate would have found: ``+2.5``, or ``nothing``."""
    return "nothing" if change is None else points(change)


def _counted_elsewhere(row: GateRecord) -> bool:
    return row.kind == "threshold" and row.limit is None and bool(row.failed) and row.outcome == "pass"


def unbroken(text: str) -> list[tuple[str, bool]]:
    """A reason in pieces, with whether a piece must stay on one line: ``8.8% → 19.4%``, an option of ours."""
    pieces = re.split(r"(\d[\d.]{0,5}% -> \d[\d.]{0,5}%|--pa-[a-z-]{1,20}(?:=[\w.]{1,12})?)", text)
    return [(piece.replace(" -> ", " → "), place % 2 == 1) for place, piece in enumerate(pieces)]


def number(value: float) -> str:
    """A count, or a mean of counts, with thousands separated."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def count(value: int, what: str) -> str:
    """``1 case``, ``1,680 cases``."""
    return f"{value:,} {what}{'' if value == 1 else 's'}"


def money(usd: float | None) -> str:
    """Dollars; what costs less than a cent is not free."""
    if usd is None:
        return "unknown"
    return f"${usd:,.2f}" if usd >= 0.01 or usd == 0 else "under $0.01"


def cost(calls: Calls) -> str:
    """Dollars of a run; "about" where nobody counted some of the tokens."""
    told = money(calls.cost_usd)
    return f"about {told}" if calls.cost_usd and calls.cost_usd >= 0.01 and calls.tokens.get("estimated") else told


def duration(seconds: float | None) -> str:
    """``48 s``, ``5 min 12 s``, ``2 h 03 min``."""
    if seconds is None:
        return "unknown"
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def elapsed(started: str, finished: str | None) -> float | None:
    """Seconds between two ISO times; None where either is missing or no time."""
    try:
        begin, end = datetime.datetime.fromisoformat(started), datetime.datetime.fromisoformat(finished or "")
        return (end - begin).total_seconds()
    except (ValueError, TypeError):
        return None


def moment(iso: str) -> str:
    """``23 Nov 2026, 20:21 UTC``, or the text itself where it is no ISO time."""
    try:
        time = datetime.datetime.fromisoformat(iso)
    except ValueError:
        return iso
    zone = f" {time.tzname()}" if time.tzinfo else ""
    return f"{time.day} {time:%b %Y, %H:%M}{zone}"


def revision(git: dict[str, Any] | None) -> str:
    """``5c66736, with changes``; empty outside a repository."""
    if not git or not git.get("revision"):
        return ""
    return str(git["revision"])[:10] + (", with uncommitted changes" if git.get("dirty") else "")
