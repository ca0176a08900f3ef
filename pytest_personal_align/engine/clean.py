"""The boundary to models: their text cleaned once, keys taken out of it, tokens estimated where nobody counts them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

from pytest_personal_align.core.result import CallFailed, Message, Usage

MAX_BYTES = 4_000_000
"""The largest reply that is read; beyond it, the call is an error."""
MAX_CHARS = 1_000_000

_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SECRET_NAMES = re.compile(r"(_API_KEY|_KEY|_TOKEN|_SECRET|_PASSWORD|_CREDENTIALS?)\Z", re.IGNORECASE)
_SECRET_LOOKS = re.compile(r"\b(?:sk|pk|gsk|xai|hf)[-_][A-Za-z0-9*_-]{12,}|(?<=Bearer )[A-Za-z0-9._~+/*-]{8,}=*")
_SHORTEST_SECRET = 8
_GONE = "[redacted]"


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
    for key in keys:
        text = text.replace(key, _GONE)
    return text


def redacted(text: str) -> str:
    """A message for people without any key: by value from the environment, and whatever looks like one."""
    for key in environment_keys():
        text = text.replace(key, _GONE)
    return _SECRET_LOOKS.sub(_GONE, text)


def environment_keys() -> list[str]:
    """Values of the environment's keys, tokens and passwords; longest first, since one may be a part of another."""
    found = {
        value
        for name, value in os.environ.items()
        if _SECRET_NAMES.search(name) and len(value) >= _SHORTEST_SECRET and not os.path.exists(value)
    }
    return sorted(found, key=len, reverse=True)


def estimated_usage(messages: Sequence[Message], text: str) -> Usage:
    """Tokens by rule of thumb, four characters each, marked as estimated."""
    return Usage(estimated_tokens(message.content for message in messages), tokens_in(text), estimated=True)


def estimated_tokens(texts: Iterable[str]) -> int:
    """Tokens of a prompt of several texts, four more for each message as chat formats need them."""
    return sum(tokens_in(text) + 4 for text in texts)


def tokens_in(text: str) -> int:
    return -(-len(text) // 4)
