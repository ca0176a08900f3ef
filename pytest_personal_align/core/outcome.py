"""What an item reports: the last word on its case, in words only, so that it goes over a channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


class Seat(Protocol):
    """Where a process asks what became of its items: the controlling one, or a channel to it."""

    def settled(self, key: str, plans: Callable[[], Sequence[Plan]], *, gated: bool) -> ItemOutcome:
        """Block until the case is settled. ``plans`` gives all that this process has collected; it is asked once, since
        the whole run starts with the first question."""
