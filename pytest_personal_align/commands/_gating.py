"""What the commands that gate records share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_personal_align.core.record import RunRecord

_MOST = 20
_CHANGES = (
    ("new", "new failures"),
    ("noise", "new failures within the noise"),
    ("fixed", "fixed"),
    ("added", "not in the base"),
    ("removed", "only in the base"),
)


def show(record: RunRecord, out: Path | None) -> None:
    """Print what a run's summary prints and which cases changed; write the record if asked to."""
    from pytest_personal_align.core import record as r
    from pytest_personal_align.report.terminal import summary_lines

    for line in [*summary_lines(record), *_changes(record.comparison), *_failing(record)]:
        print(line)
    if out is not None:
        text = record.model_dump_json().encode() + b"\n"
        r.atomically(out, lambda file: file.write(text))
        print(f"\nrecord: {out}")


def _failing(record: RunRecord) -> list[str]:
    """The cases that no gate tolerates, where no comparison has listed them already."""
    if record.comparison:
        return []
    failing = [case for case in record.cases if case.outcome == "fail" and not case.tolerated]
    return _listed("failing", [f"{case.nodeid}: {case.failure_mode}" for case in failing])


def _changes(comparison: dict[str, Any] | None) -> list[str]:
    lines: list[str] = []
    for name, heading in _CHANGES:
        nodeids = (comparison or {}).get(name) or []
        lines += _listed(heading, nodeids)
    return lines + _listed(
        "not comparable", [f"{one['nodeid']}: {one['why']}" for one in (comparison or {}).get("incomparable") or []]
    )


def _listed(heading: str, entries: list[str]) -> list[str]:
    if not entries:
        return []
    rest = [f"  and {len(entries) - _MOST:,} more"] if len(entries) > _MOST else []
    return ["", f"{heading} ({len(entries):,})", *(f"  {entry}" for entry in entries[:_MOST]), *rest]


def thresholds(given: list[str], record: RunRecord) -> dict[str, float]:
    """``MODE=RATE`` arguments as a mapping. Raises OptionError."""
    from pytest_personal_align.core.limit import parse_threshold
    from pytest_personal_align.core.outline import require_known_categories

    found = dict(parse_threshold(one, "--threshold") for one in given)
    require_known_categories(found, {case.category for case in record.cases}, "--threshold")
    return found


def checked(called: str, value: float, low: float, high: float) -> float:
    """A number within bounds. Raises OptionError."""
    from pytest_personal_align.core.errors import OptionError

    if not low <= value <= high:
        raise OptionError(f"{called}: {value:g} is out of range; it must be from {low:g} to {high:g}")
    return value
