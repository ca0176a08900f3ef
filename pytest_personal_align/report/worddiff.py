"""What differs between two replies, word by word."""

from __future__ import annotations

import difflib
import re
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
    for operation, i, j, k, m in matcher.get_opcodes():
        kind: Literal["same", "gone"] = "same" if operation == "equal" else "gone"
        _add(left, kind, "".join(old[i:j]))
        _add(right, "same" if operation == "equal" else "new", "".join(new[k:m]))
    if matcher.ratio() < 0.15:
        return None
    return left, right


def _add(pieces: list[Piece], kind: Literal["same", "gone", "new"], text: str) -> None:
    if not text:
        return
    if pieces and pieces[-1].kind == kind:
        pieces[-1] = Piece(kind, pieces[-1].text + text)
    else:
        pieces.append(Piece(kind, text))
