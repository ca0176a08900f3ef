"""Texts that are the same, or nearly: shared runs of words, found without comparing every pair."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

_RUN = 3
# Below so many runs a text is short enough that a usual phrase ("I have a severe") is half of it.
_LONG = 12
# A run that so many texts share says nothing, and its pairs would take minutes.
_EVERYWHERE = 1_000


@dataclass(frozen=True)
class Repeat:
    """The text at ``second`` repeats the earlier one at ``first``; ``share`` of their runs in common, 1 if equal."""

    first: int
    second: int
    share: float

    @property
    def how(self) -> str:
        return "the same as" if self.share == 1 else f"nearly the same ({self.share:.0%} of its runs of words) as"


def near_repeats(texts: Sequence[str], threshold: float = 0.5) -> list[Repeat]:
    """For each text that has ``threshold`` of its runs of three words in common with an earlier one, the nearest.

    The share is Dice's coefficient. It is of the runs that few texts have (at most 2 %), or, where both texts
    are long and clearly more is in common, of all runs. Texts are equal if they differ in case, punctuation
    and spaces only.
    """
    runs = [_runs(text) for text in texts]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, some in enumerate(runs):
        for run in some:
            holders[run].append(number)
    usual = max(4, len(texts) // 50)
    rare: Counter[tuple[int, int]] = Counter()
    every: Counter[tuple[int, int]] = Counter()
    for numbers in holders.values():
        if len(numbers) <= usual:
            rare.update(combinations(numbers, 2))
        long = [number for number in numbers if len(runs[number]) >= _LONG]
        if len(long) <= _EVERYWHERE:
            every.update(combinations(long, 2))
    found: dict[int, Repeat] = {}
    for counter, least in ((rare, threshold), (every, min(1.4 * threshold, 0.95))):
        for (a, b), count in sorted(counter.items()):
            share = min(2 * count / (len(runs[a]) + len(runs[b])), 0.99)
            if share >= least and (b not in found or found[b].share < share):
                found[b] = Repeat(a, b, share)
    first: dict[str, int] = {}
    for number, text in enumerate(texts):
        earlier = first.setdefault(" ".join(re.findall(r"\w+", text.casefold())), number)
        if earlier != number:
            found[number] = Repeat(earlier, number, 1)
    return [found[number] for number in sorted(found)]


def _runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text.casefold())
    return {tuple(words[at : at + _RUN]) for at in range(max(1, len(words) - _RUN + 1))}
