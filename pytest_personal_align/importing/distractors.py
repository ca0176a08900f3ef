"""The reference's trivia, small talk and named persons: one text a row, in the first column."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.plan import SMALL_TALK, STRANGERS, TRIVIA
from pytest_personal_align.importing.cleaning import FULL_STOP, key, sentence
from pytest_personal_align.importing.findings import Findings
from pytest_personal_align.importing.workbook import rows

_ASKS = re.compile(
    r"(what|which|who|whose|whom|when|where|why|how|is|are|was|were|do|does|did|can|could|in which|on which)\b", re.I
)
_FIRST_PERSON = re.compile(r"\b(I|I['’]\w+|[Mm]y|[Mm]e)\b")
_LOST_I = re.compile(r"(am|have|like|love|enjoy|prefer|collect|play|work|live|speak|practice|practise|study)\b", re.I)
# "Is fond of tea, collects stamps": said of a person who is not named.
_THIRD_PERSON = re.compile(
    r"((?:^|, |\band )(?:and )?)(is|has|loves|enjoys|likes|prefers|collects|plays|works|lives|speaks)\b", re.I
)
_VERB_OF = {"is": "am", "has": "have"}


def trivia(path: Path, findings: Findings) -> list[str]:
    """Questions and short tasks, each once, with their mark at the end."""

    def mend(text: str, number: int) -> str:
        if text[-1] in ".?!\"'”":
            return text
        findings.change(path.name, number, "a missing question mark or full stop")
        return f"{text}?" if _ASKS.match(text) else f"{text}."

    return _texts(path, findings, mend, TRIVIA)


def small_talk(path: Path, findings: Findings) -> list[str]:
    """What a user says about themself, in the first person and with a full stop, each once."""

    def mend(text: str, number: int) -> str:
        if not _FIRST_PERSON.search(text):
            mended = _first_person(text)
            if mended != text:
                findings.change(path.name, number, "a missing I")
            else:
                findings.notice(path.name, number, "not in the first person")
            text = mended
        return _stopped(text, number, path.name, findings)

    return _texts(path, findings, mend, SMALL_TALK)


def strangers(path: Path, findings: Findings) -> list[str]:
    """Sentences about named persons, with a full stop, each once."""

    def mend(text: str, number: int) -> str:
        if not text[0].isupper() or len(text.split()) < 3:
            findings.notice(path.name, number, "does not begin with a name, or is no sentence")
        return _stopped(text, number, path.name, findings)

    return _texts(path, findings, mend, STRANGERS)


def _texts(path: Path, findings: Findings, mend: Callable[[str, int], str], at_least: int) -> list[str]:
    first: dict[str, int] = {}
    texts: list[str] = []
    for number, (text, *_) in rows(path, findings, columns=1):
        mended = mend(text, number)
        if first.setdefault(key(mended), number) == number:
            texts.append(mended)
        else:
            findings.leave_out(path.name, number, "a repetition")
    if len(texts) < at_least:
        raise OptionError(f"{path} has {len(texts)} different texts in its first column; {at_least} are needed")
    return texts


def _first_person(text: str) -> str:
    if _THIRD_PERSON.match(text):
        text = _THIRD_PERSON.sub(lambda match: match[1] + _verb_of_i(match[2].lower()), text)
    return f"I {text[0].lower()}{text[1:]}" if _LOST_I.match(text) else text


def _verb_of_i(verb: str) -> str:
    return _VERB_OF.get(verb, verb.removesuffix("s"))


def _stopped(text: str, number: int, source: str, findings: Findings) -> str:
    text, added = sentence(text)
    if added:
        findings.change(source, number, FULL_STOP)
    return text
