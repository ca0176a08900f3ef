"""The regular expressions of the rules, read from ``lexicon.txt``: sections of alternatives."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

PATH = Path(__file__).with_name("lexicon.txt")

_SECTION = re.compile(r"\[([a-z_]+)\]\Z")
_REFERENCE = re.compile(r"\{([a-z_]+)\}")


@lru_cache(maxsize=1)
def _sections() -> dict[str, str]:
    sections: dict[str, list[str]] = {}
    joined: dict[str, str] = {}
    name = ""
    for line in PATH.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if heading := _SECTION.match(line):
            name = heading[1]
            sections[name] = []
            continue
        if name.endswith("_words"):
            joined[name] = f"{joined.get(name, '')} {line}"
            continue
        sections[name].append(_REFERENCE.sub(lambda found: joined[found[1]], line))
        joined[name] = "|".join(sections[name])
    return joined


def alternatives(name: str) -> str:
    """A section as one regular expression, in a group."""
    return f"(?:{_sections()[name]})"


def words(name: str) -> frozenset[str]:
    """A section that is a list of words; its name ends in ``_words``."""
    return frozenset(_sections()[name].split())


def pattern(name: str, *, before: str = "", after: str = "") -> re.Pattern[str]:
    """A section compiled, between two expressions."""
    return re.compile(f"{before}{alternatives(name)}{after}")
