"""What a process that has collected cases tells the controlling one, and what it hears of each, in plain records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pytest_personal_align.core.plan import Plan


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """``disposition`` is a settlement's; ``reason`` says which gate tolerates or refuses the case; ``text`` is what the
    terminal shows of it."""

    key: str
    disposition: str
    failure_mode: str | None
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Collected:
    """What a process has collected of the suite.

    ``cases``: of each use case that was collected the scenarios that it goes with, whether they are to run or not.
    ``partial``: not all that the command line asks for will run, so that rates say nothing of the whole; ``why`` is for
    people where that is not plain from the command line.
    """

    cases: Mapping[str, Sequence[str]]
    partial: bool = False
    why: str = ""


class Seat(Protocol):
    """Where a process asks what became of its items: the controlling one, or a channel to it."""

    def settled(self, key: str, plans: Callable[[], Sequence[Plan]], collected: Collected) -> ItemOutcome:
        """Block until the case is settled. ``plans`` gives all that are to run; it is asked once, since the whole run
        starts with the first question."""
