"""A chat completion as OpenAI's protocol writes it: the request's body, and what a reply says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_personal_align.core.result import Message, Reply, Usage
from pytest_personal_align.engine.clean import cleaned, estimated_usage
from pytest_personal_align.engine.fault import Fault, fault_in_reply

_CUT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
_FILTERED = frozenset({"content_filter", "content_filtered", "safety", "recitation", "guardrail_intervened"})


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
        raise fault_in_reply(data["error"], sent, whose)
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise Fault("provider", f"the reply from {whose} holds no choice", 2, usage=_usage(data, messages, ""))
    text, notes = _text(message), {}
    refusal = _refusal(message)
    if refusal and not text.strip():
        text, notes = refusal, {"refusal": True}
    text = cleaned(text, keys)
    usage = _usage(data, messages, text)
    finish = choice.get("finish_reason")
    finish = finish if isinstance(finish, str) else None
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
    model = data.get("model")
    return Reply(text, finish, usage, model=cleaned(model)[:200] if isinstance(model, str) else None, notes=notes)


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
    usage = data.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    if not prompt and not completion:  # null, absent or zeros: a budget would see nothing
        return estimated_usage(messages, text)
    details = usage.get("prompt_tokens_details")
    return Usage(prompt, completion, _count(details, "cached_tokens") if isinstance(details, dict) else 0)


def _count(fields: Mapping[str, Any], name: str) -> int:
    value = fields.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
