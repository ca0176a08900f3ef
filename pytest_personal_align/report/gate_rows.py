"""What the rows of the gate table say together: which need no line, what each counts, what the run could have seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_personal_align.core.record import GateRecord
from pytest_personal_align.core.result import FAILURE_MODES


def modes_counted(row: GateRecord) -> tuple[str, ...]:
    """The failure modes of the cases that a row counts; none where it counts fails of any mode, or no fails."""
    mode = row.mode.rpartition("/")[2]
    if row.kind == "baseline" and mode == "inattentiveness":
        return ("inattentiveness", "inconsistency")  # as comparison.own() does
    return (mode,) if mode in FAILURE_MODES else ()


def loud(rows: Iterable[GateRecord]) -> list[GateRecord]:
    """The rows that need a line of their own, what is broken first."""

    def rank(row: GateRecord) -> tuple[int, bool]:
        return ("fail", "inconclusive", "pass").index(row.outcome), row.limit is None

    return sorted((row for row in rows if not _is_quiet(row)), key=rank)


def quiet(rows: Iterable[GateRecord]) -> list[GateRecord]:
    """One row for each mode of which it is enough to say that nobody failed, and of which no row says otherwise.

    An inconsistency is a lack of attention too: where one is counted, "no inattentiveness" would mislead.
    """
    given = list(rows)
    told = {row.mode for row in given if not _is_quiet(row)}
    told |= {mode.replace("inconsistency", "inattentiveness") for mode in told}
    return list({row.mode: row for row in reversed(given) if row.mode not in told}.values())[::-1]


def _is_quiet(row: GateRecord) -> bool:
    """A mode without a limit that nobody failed."""
    return row.outcome == "pass" and row.limit is None and not row.failed


@dataclass(frozen=True, slots=True)
class Sight:
    """The smallest changes that gates would have found, by mode; None where they would have found none at all.

    ``arms`` of which that is true, empty where it is so of all; ``beyond`` is what they are changes from.
    """

    arms: list[str]
    beyond: str
    changes: list[tuple[str, float | None]]


def sights(rows: Iterable[GateRecord]) -> list[Sight]:
    """What the run could have seen, of each row whose rate could have failed; what arms have in common once."""
    given = list(rows)
    found: dict[tuple[str, str], list[tuple[str, float | None]]] = {}
    for row in given:
        if row.kind == "baseline":
            beyond = f"against {row.against or 'the baseline'}"
        elif row.limit is not None and row.limit < 1:
            beyond = "above the limit"
        else:
            continue
        found.setdefault((row.arm, beyond), []).append((row.mode, row.detectable))
    common: dict[tuple[str, tuple[tuple[str, float | None], ...]], list[str]] = {}
    for (arm, beyond), changes in found.items():
        common.setdefault((beyond, tuple(changes)), []).append(arm)
    every = len({row.arm for row in given})
    return [Sight(arms if len(arms) < every else [], beyond, list(changes))
            for (beyond, changes), arms in common.items()]  # fmt: skip
