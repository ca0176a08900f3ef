"""Untrusted text made safe to show: nothing that moves a cursor, hides itself or splits a log line."""

from __future__ import annotations

import re
import unicodedata

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_]|)")
_BIDI = dict.fromkeys([0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def visible(text: str) -> str:
    """Text for a terminal or log: no escape sequences, bidirectional controls, surrogates or control
    characters but line ends."""
    text = _ESCAPES.sub("", text).translate(_BIDI)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs") else "�" for c in text)


def one_line(text: str, limit: int = 300) -> str:
    """:func:`visible` on one line, cut at ``limit`` characters."""
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def number_of(number: int, what: str) -> str:
    """``1 case``, ``1,680 cases``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


_SENTENCE_END = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"')\]]))\s+|\n+")


def sentences(text: str) -> list[str]:
    """The sentences of a text, roughly: cut after ., ! or ? and at line ends."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]
