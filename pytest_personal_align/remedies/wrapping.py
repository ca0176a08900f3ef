"""Remedies around an assistant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pytest_personal_align.remedies.names import named
from pytest_personal_align.remedies.protocol import Assistant, ChatMessage, Inner, Remedy


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, and how it came about.

    ``calls`` counts all calls that it took, the assistant's and the helper's. ``notes`` has a part for each
    remedy under its name: drafts, the model of the user, an assessment; ``stepped_aside`` in it says why the
    remedy did not do its work.
    """

    text: str
    calls: int
    notes: dict[str, Any] = field(default_factory=dict)


class Protected:
    """An assistant inside remedies, itself an assistant. The first of ``remedies`` is the outermost.

    ``helper`` answers the questions that remedies have about a conversation; without one, the assistant does.
    """

    def __init__(
        self, assistant: Assistant, remedies: Mapping[str, Remedy], *, helper: Assistant | None = None
    ) -> None:
        self._assistant = assistant
        self._helper = helper or assistant
        self._remedies = list(remedies.items())

    async def __call__(self, messages: Sequence[ChatMessage], /) -> str:
        return (await self.answer(messages)).text

    async def answer(self, messages: Sequence[ChatMessage], *, conversation: str = "") -> Answer:
        """The reply with its notes. ``conversation`` tells conversations with equal messages apart.

        Raises what the assistant raises, and TypeError where a remedy does not return text.
        """
        calls = 0
        notes: dict[str, dict[str, Any]] = {}

        async def counted(callee: Assistant, asked: list[ChatMessage]) -> str:
            nonlocal calls
            calls += 1
            return await callee(_copied(asked))

        bare, helper = partial(counted, self._assistant), partial(counted, self._helper)

        async def below(depth: int, asked: list[ChatMessage]) -> str:
            if depth == len(self._remedies):
                return await bare(asked)
            name, remedy = self._remedies[depth]
            noted = notes.setdefault(name, {})
            inner = Inner(partial(below, depth + 1), bare, helper, noted, conversation)
            reply = await remedy(_copied(asked), inner)
            if not isinstance(reply, str):
                raise TypeError(f"the remedy {name} returned {type(reply).__name__}, not text")
            return reply

        text = await below(0, list(messages))
        return Answer(text, calls, {name: noted for name, noted in notes.items() if noted})


def wrap(assistant: Assistant, remedies: str, *, helper: Assistant | None = None) -> Protected:
    """``assistant`` inside remedies named as in ``--pa-remedy``: ``user-model+self-reflection``.

    The first name is the outermost. Raises UnknownRemedy, which says what is wrong with a name.
    """
    return Protected(assistant, named(remedies), helper=helper)


def _copied(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    return [ChatMessage(role=message["role"], content=message["content"]) for message in messages]
