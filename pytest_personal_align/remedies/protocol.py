"""What a remedy is, and what it is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypedDict


class ChatMessage(TypedDict):
    """One message as chat APIs write it; ``role`` is system, user or assistant."""

    role: str
    content: str


class Assistant(Protocol):
    """Replies to the last message of a conversation: any chat model, product or agent.

    It may raise :class:`Unusable` where it got a reply that is no whole text; what else it raises goes
    through every remedy to whoever asked.
    """

    async def __call__(self, messages: list[ChatMessage], /) -> str: ...


class Unusable(Exception):
    """A reply that was cut off, filtered or empty. Where a remedy had asked a question of its own, it steps aside."""


class Inner:
    """The assistant as a remedy sees it.

    ``await assistant(messages)`` is the reply of what lies below this remedy: the next remedy, or the bare
    assistant. ``conversation`` tells conversations apart that happen to have equal messages; mostly empty.
    """

    def __init__(
        self, below: Assistant, bare: Assistant, helper: Assistant, notes: dict[str, Any], conversation: str = ""
    ) -> None:
        self._below = below
        self._bare = bare
        self._helper = helper
        self._notes = notes
        self.conversation = conversation

    async def __call__(self, messages: list[ChatMessage], /) -> str:
        return await self._below(messages)

    async def bare(self, messages: list[ChatMessage], /) -> str:
        """A reply of the bare assistant, past the remedies below this one."""
        return await self._bare(messages)

    async def ask(self, messages: list[ChatMessage], /) -> str:
        """A question of the remedy's own to the helper, which is the bare assistant unless another was named."""
        return await self._helper(messages)

    def note(self, name: str, value: Any) -> None:
        """Keep something for the record of this reply; JSON-able. A second value for a name replaces the first."""
        self._notes[name] = value

    def step_aside(self, why: str) -> None:
        """Say in the record that this remedy did not do its work on this reply, and why."""
        self._notes["stepped_aside"] = why

    @property
    def notes(self) -> Mapping[str, Any]:
        """What was noted for this reply until now."""
        return self._notes


Remedy = Callable[[list[ChatMessage], Inner], Awaitable[str]]
"""``async (messages, assistant) -> reply``: tries to protect the user better than the assistant alone does."""
