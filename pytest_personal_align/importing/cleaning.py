"""A spreadsheet's cell as one line of clean text, with the names of what had to be mended."""

from __future__ import annotations

import re
import unicodedata

_BLANK = re.compile(r"[ \t\r\n\x0b\x0c\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_RUN = re.compile(r"[ \t\r\n]+")
_OPEN = re.compile(r"\{(?=[{%])")

SPACES = "double spaces"
ODD_SPACES = "non-breaking or other odd spaces"
EDGES = "white space at the beginning or end"
HIDDEN = "control or invisible characters"
BRACES = "template braces in a text"
NUMBERS = "a number or date where text is meant"
FULL_STOP = "a missing full stop"


def clean(value: object) -> tuple[str, list[str]]:
    """(text, kinds of mending): one line, single plain spaces, composed (NFC), nothing invisible. Empty for None."""
    if value is None:
        return "", []
    mended = [] if isinstance(value, str) else [NUMBERS]
    text = unicodedata.normalize("NFC", str(value))
    plain = _BLANK.sub(" ", text)
    if any(c in text and c != " " for c in set(_BLANK.findall(text))):
        mended.append(ODD_SPACES)
    visible = "".join(c for c in plain if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
    if visible != plain:
        mended.append(HIDDEN)
    stripped = visible.strip()
    if stripped and stripped != visible:
        mended.append(EDGES)
    single = _RUN.sub(" ", stripped)
    if single != stripped:
        mended.append(SPACES)
    safe = _OPEN.sub("{ ", single)
    if safe != single:
        mended.append(BRACES)
    return safe, mended if safe else []


def sentence(text: str) -> tuple[str, bool]:
    """(text with a full stop at its end, whether one was added)."""
    bare = text.rstrip("\"')]’”")
    if not bare or bare[-1] in ".!?…":
        return text, False
    return f"{text.rstrip(',;:')}.", True


def key(text: str) -> str:
    """What two texts share that differ in case, punctuation and spaces only."""
    return " ".join(re.findall(r"\w+", text.casefold()))
