"""What an assistant under test is to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.result import Message, Reply


@dataclass(frozen=True, slots=True)
class Call:
    """Where in a run one reply is asked for: trial and turn count from 0."""

    plan: Plan
    trial: int
    turn: int


class Assistant(Protocol):
    """Answers the last message of a conversation. Raises CallFailed where there is no usable reply."""

    async def __call__(self, messages: Sequence[Message], call: Call) -> Reply: ...
