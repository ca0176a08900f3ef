"""The boundary to models: their text cleaned once, keys taken out of it, tokens estimated where nobody counts them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence

from pytest_personal_align.core.result import CallFailed, Message, Usage
from pytest_personal_align.core.text import one_line

MAX_BYTES = 4_000_000
"""The largest reply that is read; beyond it, the call is an error."""
MAX_CHARS = 1_000_000

_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SECRET_NAMES = re.compile(r"(_API_KEY|_KEY|_TOKEN|_SECRET|_PASSWORD|_CREDENTIALS?)\Z", re.IGNORECASE)
_SECRET_LOOKS = re.compile(r"\b(?:sk|pk|gsk|xai|hf)[-_][A-Za-z0-9*_-]{12,}|(?<=Bearer )[A-Za-z0-9._~+/*-]{8,}=*")
_SHORTEST_SECRET = 8
_GONE = "[redacted]"
_LONGEST_TOLD = 20_000
"""Of what others say, no more is looked at for a message of a few hundred characters."""


def cleaned(text: str, keys: Iterable[str] = ()) -> str:
    """Text without lone surrogates and control characters except line ends and tabs; \\r\\n becomes \\n.

    One lone surrogate in a message ends a whole xdist run. ``keys`` are taken out: a server may echo them.
    Raises CallFailed where the text is longer than a million characters.
    """
    if len(text) > MAX_CHARS:
        raise CallFailed("truncated", f"the reply is cut off: it has more than {MAX_CHARS:,} characters")
    if _UNWANTED.search(text):
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = _UNWANTED.sub(lambda match: "�" if match[0] >= "\ud800" else "", text)
    return _without(text, keys)


def named(text: str, keys: Iterable[str], limit: int = 200) -> str:
    """A name that a provider gives, such as a model's: on one line, without keys, and only then cut."""
    return one_line(_without(one_line(_without(text, keys), _LONGEST_TOLD), keys), limit)


def told(text: str, limit: int = 300) -> str:
    """What others say, for a message: on one line, without keys, and only then cut. Half a key is still a secret.

    Keys are taken out twice, since one may be whole only when the control characters inside are gone.
    """
    return one_line(redacted(one_line(redacted(text), _LONGEST_TOLD)), limit)


def redacted(text: str) -> str:
    """A message for people without any key: by value from the environment, and whatever looks like one."""
    return _SECRET_LOOKS.sub(_GONE, _without(text, environment_keys()))


def environment_keys() -> list[str]:
    """Values of the environment's keys, tokens and passwords; longest first, since one may be a part of another.

    Each as it stands, as it is sent (without space around it: a secret's file often ends in a newline) and as JSON
    writes it.
    """
    found: set[str] = set()
    for name, value in os.environ.items():
        if _SECRET_NAMES.search(name) and len(value.strip()) >= _SHORTEST_SECRET and not os.path.exists(value):
            found.update((value, value.strip(), json.dumps(value.strip())[1:-1]))
    return sorted(found, key=len, reverse=True)


def _without(text: str, keys: Iterable[str]) -> str:
    for key in keys:
        text = text.replace(key, _GONE)
    return text


def estimated_usage(messages: Sequence[Message], text: str) -> Usage:
    """Tokens by rule of thumb, four characters each, marked as estimated."""
    return Usage(estimated_tokens(message.content for message in messages), tokens_in(text), estimated=True)


def estimated_tokens(texts: Iterable[str]) -> int:
    """Tokens of a prompt of several texts, four more for each message as chat formats need them."""
    return sum(tokens_in(text) + 4 for text in texts)


def tokens_in(text: str) -> int:
    return -(-len(text) // 4)
