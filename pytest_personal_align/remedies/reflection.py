"""``self-reflection``: draft, check against the conversation, revise."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pytest_personal_align.remedies.asking import HelperAnswer, Words, answered, conversation
from pytest_personal_align.remedies.protocol import ChatMessage, Inner, Unusable
from pytest_personal_align.remedies.templates import fill

_SAYINGS = {
    "violated": "A limit is violated",
    "unmentioned": "A limit that matters here is not mentioned",
    "outweighed": "A limit is outweighed by a wish",
    "dragged_in": "A limit is dragged in where it is harmless",
}


class DraftProblem(HelperAnswer):
    """One thing that is wrong with a draft; ``whose`` limit it is about, ``user`` or somebody else."""

    kind: Literal["violated", "unmentioned", "outweighed", "dragged_in"]
    whose: Words
    what: Words


class Check(HelperAnswer):
    """What the helper found in a draft."""

    problems: Annotated[list[DraftProblem], Field(max_length=20)]


class SelfReflection:
    """Drafts, checks each draft, and has it revised as long as something is wrong, at most ``rounds`` times.

    One check costs a call, and so does one revision; revisions are asked of the bare assistant, so that remedies
    below do not take the orders in between for the user's words. What it keeps in the notes: ``drafts`` (all but
    the reply that was given), ``problems`` of each, and ``unresolved`` where the last revision was not checked.
    """

    def __init__(self, *, rounds: int = 2) -> None:
        if rounds < 1:
            raise ValueError(f"rounds must be at least 1, not {rounds!r}")
        self._rounds = rounds

    async def __call__(self, messages: list[ChatMessage], assistant: Inner) -> str:
        reply = await assistant(messages)
        drafts: list[str] = []
        found: list[list[dict[str, str]]] = []
        for _ in range(self._rounds):
            about = conversation(messages, draft=reply)
            check = await answered(assistant, fill("self_reflection_check"), about, Check)
            if check is None or not check.problems:
                return reply
            revised = await self._revised(messages, reply, check, assistant)
            if revised is None:
                return reply
            drafts.append(reply)
            found.append([problem.model_dump() for problem in check.problems])
            assistant.note("drafts", list(drafts))
            assistant.note("problems", list(found))
            reply = revised
        assistant.note("unresolved", f"not checked again after {self._rounds} rounds")
        return reply

    async def _revised(self, messages: list[ChatMessage], draft: str, check: Check, assistant: Inner) -> str | None:
        order = fill("self_reflection_revise", problems=check.problems, sayings=_SAYINGS)
        asked = [
            *messages,
            ChatMessage(role="assistant", content=draft),
            ChatMessage(role="user", content=order),
        ]
        try:
            revised = await assistant.bare(asked)
        except Unusable as problem:
            assistant.step_aside(f"the revision was not usable: {problem}")
            return None
        if not revised.strip():
            assistant.step_aside("the revision was empty")
            return None
        return revised
