"""What differs between two replies, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")
_MOST_TOKENS = 1_200
"""Longer replies are shown without a diff: matching is quadratic, and a reply may be hostile."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that both have, or only one of the two."""

    kind: Literal["same", "gone", "new"]
    text: str


def word_diff(before: str, after: str) -> tuple[list[Piece], list[Piece]] | None:
    """The two texts in pieces; None where they are too long or have nothing in common to compare."""
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    if max(len(old), len(new)) > _MOST_TOKENS:
        return None
    left: list[Piece] = []
    right: list[Piece] = []
    # Frequent words (and spaces) are no anchors: that is what "autojunk" is for, and it bounds the time.
    matcher = difflib.SequenceMatcher(str.isspace, old, new, autojunk=True)
    operations = matcher.get_opcodes()
    for place, (operation, i, j, k, m) in enumerate(operations):
        same = operation == "equal" and not _by_chance(old[i:j], 0 < place < len(operations) - 1)
        _add(left, "same" if same else "gone", "".join(old[i:j]))
        _add(right, "same" if same else "new", "".join(new[k:m]))
    if matcher.ratio() < 0.15:
        return None
    return left, right


def _by_chance(tokens: Sequence[str], between_changes: bool) -> bool:
    """Whether what both have is only a word or two amid changes, which says nothing and makes a diff hard to read."""
    return between_changes and sum(token[0].isalnum() for token in tokens) < 3


def _add(pieces: list[Piece], kind: Literal["same", "gone", "new"], text: str) -> None:
    if not text:
        return
    if pieces and pieces[-1].kind == kind:
        pieces[-1] = Piece(kind, pieces[-1].text + text)
    else:
        pieces.append(Piece(kind, text))
