"""The prompts of the remedies: Jinja2 files in ``prompts/``, to be read by people first."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

FOLDER = Path(__file__).parent / "prompts"


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER, encoding="utf-8"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    # JSON marks where a user's words begin and end: no text of theirs can look like a part of the prompt.
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment


def fill(name: str, **values: Any) -> str:
    """The prompt ``prompts/NAME.j2`` with its values."""
    return _environment().get_template(f"{name}.j2").render(values).strip()
