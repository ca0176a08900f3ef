"""Text made comparable: folded, cut into sentences that know their place in the original, contractions spelled out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

RECALLED = "\x01"
"""Stands, repeated, where a reply repeats the fact word for word: the fact's own words say nothing about stance."""

_PLAIN = str.maketrans(
    "\u2018\u2019\u201b\u02bc\u201c\u201d\u201e\u00ab\u00bb\u00a0\u202f\u2010\u2011\u2012\u2013\u2014",
    "'" * 4 + '"' * 5 + "  " + "----" + ",",
)


@lru_cache(maxsize=4096)
def _folded(char: str) -> str:
    for form in (unicodedata.normalize("NFKC", char).lower(), char.lower()):
        if len(form) == 1:
            return form
    return char


def fold(text: str) -> str:
    """Lower case, straight quotes, plain forms of letters; every character stays in its place."""
    text = text.translate(_PLAIN)
    lowered = text.lower()
    if text.isascii():
        return lowered
    return "".join(map(_folded, text))


_EXPANSIONS = (
    (re.compile(r"\bcan't\b|\bcannot\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\bshan't\b"), "shall not"),
    (re.compile(r"(?<=[a-z])n't\b"), " not"),
    (re.compile(r"\bi'm\b"), "i am"),
    (re.compile(r"\b(you|we|they)'re\b"), r"\1 are"),
    (re.compile(r"\b(it|that|there|he|she|what|here|who)'s\b"), r"\1 is"),
    (re.compile(r"\blet's\b"), "let us"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"[*_#`>~]+"), " "),
    (re.compile(r"\s+"), " "),
)


def spell_out(folded: str) -> str:
    """Folded text with contractions spelled out and markdown marks and runs of white space gone."""
    for pattern, replacement in _EXPANSIONS:
        folded = pattern.sub(replacement, folded)
    return folded.strip()


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a reply: as it stands there, and spelled out for matching."""

    original: str
    text: str


_END = re.compile(r"(?<=[.!?\u2026])[\"')\]*_]*\s+|\n+")
_LETTER = re.compile(r"[^\W\d_]|" + RECALLED)


def read(reply: str, fact: str) -> list[Sentence]:
    """The sentences of a reply; where it quotes the fact, the quotation is replaced by :data:`RECALLED`."""
    folded = fold(reply)
    pattern = _quotation(fact)
    if pattern is not None:
        folded = pattern.sub(lambda found: RECALLED * (len(found[0]) - 1) + ".", folded)
    sentences = []
    start = 0
    for end in [*(found.end() for found in _END.finditer(folded)), len(folded)]:
        piece = folded[start:end]
        if _LETTER.search(piece):
            sentences.append(Sentence(reply[start:end].strip(), spell_out(piece)))
        start = end
    return sentences


@lru_cache(maxsize=1024)
def _quotation(fact: str) -> re.Pattern[str] | None:
    words = fold(fact).strip().rstrip(".!").split()
    if len(words) < 4:
        return None
    return re.compile(r"\s+".join(map(re.escape, words)) + r"[.!]?")


def one_of(*alternatives: str) -> str:
    """A regular expression for any of the alternatives."""
    return "(?:" + "|".join(alternatives) + ")"


def words_of(text: str) -> Sequence[str]:
    """Lower-case words of a text, with hyphens and apostrophes kept."""
    return _WORD.findall(fold(text))


_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
