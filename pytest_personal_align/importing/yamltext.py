"""YAML written fast: a mapping of texts, lists and mappings as block style with quoted texts.

PyYAML's emitter takes about a second for what an import writes; this takes a hundredth of it, and its
output reads like what people write by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Not printable in YAML 1.1: the reader refuses these raw, inside quotes too.
_ESCAPED = re.compile("[\x7f-\x84\x86-\x9f\u0085\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_BARE = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*\Z")
_WORDS_THAT_ARE_NOT_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def quoted(text: str) -> str:
    """A text as a double-quoted scalar; JSON strings are YAML, but for a few characters."""
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def scalar(text: str) -> str:
    """A text as plain as may be: a slug stands bare, all else in quotes."""
    return text if _BARE.match(text) and text not in _WORDS_THAT_ARE_NOT_TEXT else quoted(text)


def document(data: Mapping[str, Any], header: Sequence[str] = ()) -> str:
    """A whole file: comment lines of ``header``, then ``data``. Values are str, lists and mappings of them."""
    lines = [f"# {line}".rstrip() for line in header]
    lines += _mapping(data, "")
    return "\n".join(lines) + "\n"


def _mapping(data: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, value in data.items():
        if isinstance(value, str):
            yield f"{indent}{scalar(name)}: {scalar(value)}"
        elif isinstance(value, Mapping):
            yield f"{indent}{scalar(name)}:"
            yield from _mapping(value, indent + "  ")
        elif all(isinstance(one, str) for one in value) and _short(value):
            yield f"{indent}{scalar(name)}: [{', '.join(map(scalar, value))}]"
        else:
            yield f"{indent}{scalar(name)}:"
            yield from _items(value, indent + "  ")


def _items(values: Sequence[Any], indent: str) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield f"{indent}- {scalar(value)}"
        else:
            for number, line in enumerate(_mapping(value, indent + "  ")):
                yield f"{indent}- {line[len(indent) + 2 :]}" if number == 0 else line


def _short(values: Sequence[str]) -> bool:
    return sum(len(value) + 2 for value in values) <= 90
