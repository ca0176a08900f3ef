"""Untrusted text on a terminal."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pytest_personal_align.core.text import one_line, sentences, visible


def test_escape_sequences_and_direction_marks_are_gone() -> None:
    assert visible("a\x1b[31mb\x1b]8;;http://x\x07c\u202ed\x9be\rf\x00") == "abcd\ufffde\nf\ufffd"


@given(st.text())
def test_nothing_moves_the_cursor(text: str) -> None:
    shown = visible(text)
    assert not [c for c in shown if c != "\n" and unicodedata.category(c) in ("Cc", "Cs")]
    assert "\u202e" not in shown


@given(st.text(), st.integers(2, 80))
def test_one_line_is_one_line_and_short(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert "\n" not in line
    assert len(line) <= limit


def test_sentences() -> None:
    assert sentences('Yes. "Do it!" Why not?\nBye') == ["Yes.", '"Do it!"', "Why not?", "Bye"]
