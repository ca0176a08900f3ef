"""Request parameters as people type them: ``KEY=VALUE``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from pytest_personal_align.core.errors import OptionError

_SECRET = re.compile(r"api[_-]?key|secret|token$|authorization|headers?$|base[_-]?url|api[_-]?base", re.IGNORECASE)


def parse_params(values: Iterable[str], called: str) -> dict[str, Any]:
    """Parameters by name; a value is JSON where it can be read so, else a text. Raises OptionError."""
    params: dict[str, Any] = {}
    for value in values:
        key, equals, text = value.partition("=")
        key = key.strip()
        if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", key):
            raise OptionError(f"{called}: {value!r} is not KEY=VALUE, such as temperature=0")
        if _SECRET.search(key):
            raise OptionError(f"{called}: {key}: keys, headers and addresses are taken from the environment only")
        try:
            params[key] = json.loads(text)
        except ValueError:
            params[key] = text
    return params
