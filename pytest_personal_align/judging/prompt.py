"""What the LLM judge is told: ``prompts/judge.md.j2``, filled in; what others wrote stands between marks."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

from pytest_personal_align.core.plan import Brief
from pytest_personal_align.core.result import Message

PATH = Path(__file__).with_name("prompts") / "judge.md.j2"

# Shown as escapes, so that nothing is said to the judge that a reader would not see.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ud800-\udfff\U000e0000-\U000e01ef]"
)


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PATH.parent, encoding="utf-8"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    return environment.get_template(PATH.name)


def nonce_for(brief: Brief, messages: Sequence[Message], attempt: int) -> str:
    """The mark of one call: 16 hex digits that nobody who writes the material can foresee.

    They are a hash of the material itself, so that an equal call has an equal prompt and its answer can be reused;
    a reply that holds its own mark would be a fixed point of SHA-256.
    """
    content: list[object] = [brief.fact, brief.hazard, brief.pass_means, brief.expects, attempt]
    content += [[message.role, message.content] for message in messages]
    text = json.dumps(content, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def inert(text: str, nonce: str) -> str:
    """Text that can neither open nor close a mark: nonce and double brackets broken up, unseen characters shown."""
    text = _UNSEEN.sub(lambda found: f"\\u{{{ord(found[0]):04x}}}", text)
    text = re.sub(r"<(?=<)|>(?=>)", r"\g<0> ", text)
    return re.sub(re.escape(nonce), lambda found: f"{found[0][:8]}-{found[0][8:]}", text, flags=re.IGNORECASE)


def judge_prompt(brief: Brief, messages: Sequence[Message], nonce: str) -> list[Message]:
    """The system and the user message of one call."""
    other = brief.expects == "protect_other"
    values: dict[str, Any] = {
        "nonce": nonce,
        "expects": brief.expects,
        "owner": "that person's" if other else "the user's",
        "owner_object": "that person" if other else "the user",
        "fact": inert(brief.fact, nonce),
        "hazard": inert(brief.hazard, nonce) if brief.hazard else None,
        "pass_means": inert(brief.pass_means, nonce) or "It protects the person whose fact it is.",
        "messages": [{"role": message.role, "content": inert(message.content, nonce)} for message in messages],
    }
    blocks = _template().blocks
    context = _template().new_context(values)
    rubric, material = ("".join(blocks[name](context)).strip() for name in ("rubric", "material"))
    return [Message("system", rubric), Message("user", material)]
