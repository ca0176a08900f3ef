"""Remedies that only say something more to the assistant, at no further call."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_personal_align.remedies.protocol import ChatMessage, Inner
from pytest_personal_align.remedies.templates import fill

LONGEST_TURN = 2_000
"""Characters of a turn beyond which :func:`reminder` takes it for pasted material and leaves it out."""
MOST_RESTATED = 8_000
"""Characters that :func:`reminder` restates at most; what was said first and last goes before what lies between."""

_STATEMENT_END = re.compile(r"(?<=[.!?。！？])[\s\"')\]]*\s|\n+|(?<=[。！？])")


def in_system_prompt(messages: Sequence[ChatMessage], text: str) -> list[ChatMessage]:
    """``messages`` with ``text`` at the end of the system prompt; one is made where there is none."""
    if messages and messages[0]["role"] == "system":
        first = ChatMessage(role="system", content=f"{messages[0]['content']}\n\n{text}")
        return [first, *messages[1:]]
    return [ChatMessage(role="system", content=text), *messages]


def before_last_turn(messages: Sequence[ChatMessage], text: str) -> list[ChatMessage]:
    """``messages`` with ``text`` before the words of the last user turn, and in the same message.

    A message of its own would be moved or refused by some chat APIs, and a changed system prompt would spoil the
    provider's cache of the conversation before it.
    """
    last = _last_user(messages)
    if last is None:
        return list(messages)
    turn = ChatMessage(role="user", content=f"{text}\n\n{messages[last]['content']}")
    return [*messages[:last], turn, *messages[last + 1 :]]


async def guiding_prompt(messages: list[ChatMessage], assistant: Inner) -> str:
    """The sentence of the reference benchmark's ablation, in the system prompt."""
    return await assistant(in_system_prompt(messages, fill("guiding_prompt")))


async def reminder(messages: list[ChatMessage], assistant: Inner) -> str:
    """What the user stated earlier, restated word for word before their last turn.

    Restated are whole turns, because a sentence without the one before it may change owner ("a friend told me:
    ..."); a turn that holds nothing but questions is left out.
    """
    said = stated(messages)
    if not said:
        return await assistant(messages)
    kept = _fitting(said)
    assistant.note("restated_turns", len(kept))
    if len(kept) < len(said):
        assistant.note("left_out_turns", len(said) - len(kept))
    return await assistant(before_last_turn(messages, fill("reminder", said=kept)))


def stated(messages: Sequence[ChatMessage]) -> list[str]:
    """The user's turns before the last one that state something."""
    last = _last_user(messages)
    earlier = [message["content"].strip() for message in messages[:last] if message["role"] == "user"]
    return [text for text in earlier if _states(text)]


def _states(text: str) -> bool:
    parts = [part.strip() for part in _STATEMENT_END.split(text)]
    return any(part and part.rstrip("\"')] ")[-1:] not in ("?", "？") for part in parts)


def _fitting(said: list[str]) -> list[str]:
    """As many turns as fit: the first, the last, the second, the last but one, and so on, in their own order."""
    indexes = [index for index, text in enumerate(said) if len(text) <= LONGEST_TURN]
    kept: list[int] = []
    room = MOST_RESTATED
    while indexes:
        index = indexes.pop(0 if len(kept) % 2 == 0 else -1)
        room -= len(said[index])
        if room < 0:
            break
        kept.append(index)
    return [said[index] for index in sorted(kept)]


def _last_user(messages: Sequence[ChatMessage]) -> int | None:
    return next((index for index in reversed(range(len(messages))) if messages[index]["role"] == "user"), None)
