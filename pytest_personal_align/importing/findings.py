"""What an import changed, noticed or left out, counted by kind and with row numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass
class Findings:
    """Rows (counting from 1, as a spreadsheet shows them) by source and kind, in order of first appearance."""

    changed: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    noticed: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    left_out: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def change(self, source: str, row: int, what: str) -> None:
        """Something was normalised."""
        self.changed.setdefault((source, what), []).append(row)

    def notice(self, source: str, row: int, what: str) -> None:
        """Something is odd, and was kept as it is."""
        self.noticed.setdefault((source, what), []).append(row)

    def leave_out(self, source: str, row: int, what: str) -> None:
        """A row was not imported."""
        self.left_out.setdefault((source, what), []).append(row)

    def lines(self) -> Iterator[str]:
        """A report for a terminal."""
        for title, found in (
            ("Normalised", self.changed),
            ("Kept as it is", self.noticed),
            ("Left out", self.left_out),
        ):
            if found:
                yield f"{title}:"
            for (source, what), rows in found.items():
                distinct = sorted(set(rows))
                noun = "row" if len(distinct) == 1 else "rows"
                times = f", {len(rows)} times" if len(rows) > len(distinct) else ""
                yield f"  {source}: {what}: {len(distinct)} {noun}{times} ({ranges(distinct)})"


def ranges(numbers: Iterable[int]) -> str:
    """``[2, 3, 4, 9]`` as ``2-4, 9``; the numbers ascend."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)
