"""Questions that a remedy asks about a conversation, answered in JSON that is checked before it is believed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from pytest_personal_align.core.text import one_line
from pytest_personal_align.remedies.protocol import ChatMessage, Inner, Unusable
from pytest_personal_align.remedies.templates import fill

LONGEST_ANSWER = 100_000
"""Characters; no honest answer comes near it."""
_MOST_STARTS = 100
"""So many opening braces are tried: a hostile answer could hold a million."""


def _tidy(value: Any) -> Any:
    return one_line(value, 400) if isinstance(value, str) else value


Words = Annotated[str, BeforeValidator(_tidy), StringConstraints(min_length=1)]
"""A few words by a model: one line of at most 400 visible characters, not empty."""


class HelperAnswer(BaseModel):
    """An answer of a helper. No field has a default: what was not said is not assumed."""

    model_config = ConfigDict(frozen=True)


T = TypeVar("T", bound=HelperAnswer)


class Malformed(ValueError):
    """An answer that is not what was asked for; the message tells the helper why."""


async def answered(
    assistant: Inner, question: str, about: str, kind: type[T], context: dict[str, Any] | None = None
) -> T | None:
    """The helper's answer to ``question``, after at most one repair; None where the remedy must step aside.

    That is said in the notes then. ``about`` is the conversation as data, ``context`` what validators of ``kind``
    need to know.
    """
    asked = [ChatMessage(role="system", content=question), ChatMessage(role="user", content=about)]
    text = ""
    try:
        text = await assistant.ask(asked)
        try:
            return read(text, kind, context)
        except Malformed as problem:
            assistant.note("malformed", str(problem))
            asked += [
                ChatMessage(role="assistant", content=text[:LONGEST_ANSWER] or "(nothing)"),
                ChatMessage(role="user", content=fill("repair", problem=str(problem))),
            ]
        text = await assistant.ask(asked)
        return read(text, kind, context)
    except Malformed as problem:
        assistant.step_aside(f"the helper's answer was malformed twice: {problem}; it began {one_line(text, 80)!r}")
    except Unusable as problem:
        assistant.step_aside(f"the helper gave no usable answer: {one_line(str(problem), 200)}")
    return None


def read(text: str, kind: type[T], context: dict[str, Any] | None = None) -> T:
    """The last JSON object in ``text`` that is a ``kind``: what a model settles on comes after what it tries out.

    Raises Malformed and nothing else.
    """
    if len(text) > LONGEST_ANSWER:
        raise Malformed(f"it is longer than {LONGEST_ANSWER:,} characters")
    problem = "it holds no JSON object"
    for value in reversed(list(_objects(text))):
        try:
            return kind.model_validate(value, context=context)
        except ValidationError as error:
            if problem == "it holds no JSON object":
                problem = _first(error)
    raise Malformed(problem)


def conversation(messages: Sequence[ChatMessage], *, first_turn: int = 1, draft: str | None = None) -> str:
    """Messages as data, the user's turns numbered from ``first_turn``; the assistant's own orders left out."""
    lines, turn = [], first_turn - 1
    for message in messages:
        if message["role"] == "user":
            turn += 1
            lines.append({"role": "user", "turn": turn, "text": message["content"]})
        elif message["role"] == "assistant":
            lines.append({"role": "assistant", "text": message["content"]})
    return fill("conversation", messages=lines, **({} if draft is None else {"draft": draft}))


def _objects(text: str) -> Iterable[Any]:
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    at = 0
    for _ in range(_MOST_STARTS):
        start = text.find("{", at)
        if start < 0:
            return
        try:
            value, at = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            at = start + 1
        else:
            yield value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return one_line(f"{where}: {first['msg']}" if where else first["msg"], 200)
