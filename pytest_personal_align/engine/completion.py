"""A chat completion as OpenAI's protocol writes it: the request's body, and what a reply says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_personal_align.core.result import Message, Reply, Usage
from pytest_personal_align.engine.clean import MAX_CHARS, cleaned, estimated_usage, named
from pytest_personal_align.engine.fault import Fault, fault_in_reply

_CUT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
_FILTERED = frozenset({"content_filter", "content_filtered", "safety", "recitation", "guardrail_intervened"})
_REASON = re.compile(r"[A-Za-z0-9_.:-]{1,40}")
MOST_TOKENS = 100_000_000
"""No reply takes as many: who says more has miscounted."""


def chat_messages(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def structured(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON schema as ``response_format``."""
    name = "".join(c if c.isalnum() else "_" for c in str(schema.get("title") or "answer"))[:60]
    return {"type": "json_schema", "json_schema": {"name": name, "schema": dict(schema), "strict": True}}


def read_reply(
    data: Any, messages: Sequence[Message], sent: Mapping[str, Any], keys: Sequence[str], whose: str
) -> Reply:
    """The reply in a completion. Raises Fault where it is none: an error inside, no choice, cut off, filtered, empty.

    A refusal in the model's own words is a reply: it is what the user would see.
    """
    if not isinstance(data, dict):
        raise Fault("provider", f"the reply from {whose} is not a JSON object")
    if data.get("error"):
        fault = fault_in_reply(data["error"], sent, whose)
        if not (usage := _usage(data, messages, "")).estimated:
            fault.usage = usage
        raise fault
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise Fault("provider", f"the reply from {whose} holds no choice", 2, usage=_usage(data, messages, ""))
    text, notes = _text(message), {}
    refusal = _refusal(message)
    if refusal and not text.strip():
        text, notes = refusal, {"refusal": True}
    usage = _usage(data, messages, text)
    finish = _finish_reason(choice.get("finish_reason"), keys)
    if len(text) > MAX_CHARS:
        message = f"the reply is cut off: it has more than {MAX_CHARS:,} characters"
        raise Fault("truncated", message, 0, usage=usage, blameless=True)
    text = cleaned(text, keys)
    if finish is not None and finish.lower() in _CUT:
        raise Fault(
            "truncated",
            f"the reply was cut off (finish_reason {finish}); give it more room with --pa-param=max_tokens=N",
            0,
            usage=usage,
            blameless=True,
        )
    if finish is not None and finish.lower() in _FILTERED:
        raise Fault("filtered", "the provider's content filter stopped the reply", 0, usage=usage, blameless=True)
    if not text.strip():
        why = f" (finish_reason {finish})" if finish else ""
        raise Fault("empty", f"the reply holds no text{why}", 1, usage=usage, blameless=True)
    return Reply(text, finish, usage, model=_model(data.get("model"), keys), notes=notes)


def sound(reply: Reply, messages: Sequence[Message], keys: Sequence[str]) -> Reply:
    """A reply out of a cache, as it would be kept now: older versions kept some of a provider's words as they came."""
    given = {"prompt_tokens": reply.usage.prompt_tokens, "completion_tokens": reply.usage.completion_tokens}
    believed = None not in (_count(given, "prompt_tokens"), _count(given, "completion_tokens"))
    return replace(
        reply,
        text=cleaned(reply.text, keys),
        finish_reason=_finish_reason(reply.finish_reason, keys),
        model=_model(reply.model, keys),
        usage=reply.usage if believed else estimated_usage(messages, reply.text),
    )


def _finish_reason(said: Any, keys: Sequence[str]) -> str | None:
    """Why the reply ended, in the provider's word where it is one: anything else might break what shows it."""
    if not isinstance(said, str):
        return None
    return said if _REASON.fullmatch(said) and not any(key in said for key in keys) else "other"


def _model(said: Any, keys: Sequence[str]) -> str | None:
    return named(said, keys) if isinstance(said, str) else None


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):  # parts
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _refusal(message: Mapping[str, Any]) -> str:
    fields = message.get("provider_specific_fields")  # where litellm puts it
    refusal = message.get("refusal") or (fields.get("refusal") if isinstance(fields, dict) else None)
    return refusal if isinstance(refusal, str) else ""


def _usage(data: Mapping[str, Any], messages: Sequence[Message], text: str) -> Usage:
    """What the provider has counted, and an estimate in place of what it has not, or not believably: or a budget would
    see nothing."""
    given = data.get("usage")
    fields = given if isinstance(given, dict) else {}
    likely = estimated_usage(messages, text)
    prompt, completion = _count(fields, "prompt_tokens"), _count(fields, "completion_tokens")
    if not prompt or completion is None or (not completion and text.strip()):
        return Usage(prompt or likely.prompt_tokens, completion or likely.completion_tokens, estimated=True)
    details = fields.get("prompt_tokens_details")
    cached = _count(details, "cached_tokens") if isinstance(details, dict) else 0
    return Usage(prompt, completion, min(cached or 0, prompt))


def _count(fields: Mapping[str, Any], name: str) -> int | None:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= MOST_TOKENS else None
