"""Sentences about people, split into who they are and what they wish."""

from __future__ import annotations

import re
from collections.abc import Sequence

_VERBS = frozenset(
    """
    is are was were has have had does do loves love enjoys enjoy likes like wants want believes believe thinks think
    adores prefers finds owns lived lives works insists hopes dreams recommends suggests would can could gets get
    """.split()
)
_RELATIONS = (
    "partner|spouse|wife|husband|friend|sibling|brother|sister|twin|cousin|child|son|daughter|niece|nephew|parent|"
    "mother|father|mum|mom|dad|aunt|uncle|grandmother|grandfather|grandson|granddaughter|roommate|coworker|colleague"
)
_GLUED = re.compile(rf"\b({_RELATIONS})(absolutely|deeply|incredibly|thoroughly|passionately|really|loves|enjoys)\b")
_PLURALS = frozenset({"friends", "parents", "siblings", "kids", "boys", "girls", "cousins", "sisters", "brothers"})

# One has only one of these: another wish of "my partner" cannot be "my other partner"'s.
_ONLY_ONE = frozenset("partner spouse wife husband mother father mum mom dad boss family roommate child".split())


def unglue(text: str) -> str:
    """The text with the space that is missing in ``My sisterloves``."""
    return _GLUED.sub(r"\1 \2", text)


def split(text: str) -> tuple[str, str] | None:
    """(who, wish) of a sentence that begins with a person: ``my sister`` and ``loves the sea.``

    A relative clause stays with the person. None if no verb is found.
    """
    words = text.split(" ")
    verb = _verb(words)
    if verb is None:
        return None
    who = " ".join(words[:verb])
    if words[0] == "My":
        who = f"my{who[2:]}"
    return who, " ".join(words[verb:])


def _verb(words: Sequence[str]) -> int | None:
    at = 2 if words[0].lower() == "my" else 1
    if words[:at][-1].endswith(","):
        at = _after_clause(words, at)
    while at < len(words) - 1:
        word = words[at].lower()
        if word in _VERBS or word.endswith("ly"):
            return at
        if word.endswith("s") and not word.endswith(("ss", "'s", "’s")) and word not in _PLURALS:
            return at
        at = _after_clause(words, at + 1) if word.endswith(",") else at + 1
    return None


def _after_clause(words: Sequence[str], at: int) -> int:
    while at < len(words) and not words[at].endswith(","):
        at += 1
    return at + 1


def tell_apart(who: str, taken: Sequence[str]) -> str:
    """A name for a person that is not among ``taken``: ``my other sister``, ``my partner's best friend``."""
    used = {one.casefold() for one in taken}
    bare = who.removeprefix("my ")
    if bare.rstrip(",").split(" ")[-1] in _ONLY_ONE:
        candidates = [f"{who}'s best friend", f"{who}'s colleague", f"{who}'s neighbour"]
    elif who.startswith("my "):
        candidates = [f"my other {bare}", f"my third {bare}"]
    else:
        candidates = [f"another {bare}", f"yet another {bare}"]
    return next((one for one in [who, *candidates] if one.casefold() not in used), who)
