"""An arm's assistant inside its remedy: every call of the remedy goes the assistant's own way, and is counted."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.options import Arm
from pytest_personal_align.core.result import CallFailed, Message, Reply
from pytest_personal_align.core.text import one_line
from pytest_personal_align.engine.assistant import Assistant, Call
from pytest_personal_align.engine.clean import cleaned, redacted
from pytest_personal_align.remedies import Answer, ChatMessage, Protected, Remedy, UnknownRemedy, Unusable, named

_UNUSABLE = ("truncated", "filtered", "empty")
"""Kinds of errors with which a remedy may step aside: the model misbehaved. All others are the run's, and break it."""
_LONGEST_NOTES = 500_000


def remedies_of(arm: Arm) -> Mapping[str, Remedy]:
    """The remedies of an arm, outermost first. Raises OptionError."""
    where = os.getcwd()
    if "python:" in arm.remedy and where not in sys.path:  # at the end, so that nothing installed is shadowed
        sys.path.append(where)
    try:
        return named(arm.remedy)
    except UnknownRemedy as error:
        raise OptionError(f"--pa-remedy: {one_line(redacted(str(error)), 400)}") from None


class Remedied:
    """The assistant of an arm with its remedies around it.

    The reply's usage and seconds are those of all calls behind it; its notes hold the remedies' own, with
    ``remedy`` and ``calls``. ``share`` as in options: without it, no two conversations have anything in common.
    """

    def __init__(self, arm: Arm, assistant: Assistant, share: bool, timeout: float) -> None:
        """``timeout``: seconds that a remedy may take for itself, while no call is under way."""
        self._names = arm.remedy
        self._remedies = remedies_of(arm)
        self._assistant = assistant
        self._share = share
        self._timeout = timeout

    async def __call__(self, messages: Sequence[Message], call: Call) -> Reply:
        behind = _Behind(self._assistant, call)
        plan = call.plan
        place = [call.trial, *([] if self._share else [plan.brief.use_case, plan.brief.scenario])]
        said = [ChatMessage(role=message.role, content=message.content) for message in messages]
        try:
            protected = Protected(behind, self._remedies)
            answer = await self._in_time(protected.answer(said, conversation=json.dumps(place)), behind)
        except CallFailed:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a user's remedy raises is an error of this trial
            if isinstance(error, Unusable) and isinstance(error.__cause__, CallFailed):
                raise error.__cause__ from None
            raise CallFailed("assistant", f"the remedy {self._names} failed: {_what(error)}") from None
        if behind.failure is not None:  # a user's remedy hid it
            raise behind.failure
        return self._reply(answer, behind.sum)

    async def _in_time(self, work: Coroutine[Any, Any, Answer], behind: _Behind) -> Answer:
        task = asyncio.ensure_future(work)
        try:
            calls = -1
            while not (await asyncio.wait([task], timeout=self._timeout))[0]:
                if not behind.open and behind.calls == calls:
                    raise CallFailed("timeout", f"the remedy {self._names} did nothing for {self._timeout:g} s")
                calls = -1 if behind.open else behind.calls
            return task.result()
        finally:
            task.cancel()

    def _reply(self, answer: Answer, summed: Reply) -> Reply:
        text = cleaned(answer.text)
        if not text.strip():
            raise CallFailed("empty", f"the remedy {self._names} returned an empty text")
        notes = {**summed.notes, "remedy": self._names, "calls": answer.calls, **_plain(answer.notes)}
        return replace(summed, text=text, notes=notes)


@dataclass
class _Behind:
    """The bare assistant during one reply, summing what its calls take."""

    assistant: Assistant
    call: Call
    sum: Reply = field(default_factory=lambda: Reply(""))
    failure: CallFailed | None = None
    calls: int = 0
    open: int = 0

    async def __call__(self, messages: list[ChatMessage], /) -> str:
        sent = tuple(Message(_role(message["role"]), message["content"]) for message in messages)
        self.calls += 1
        self.open += 1
        try:
            reply = await self.assistant(sent, self.call)
        except CallFailed as failure:
            if failure.error.kind in _UNUSABLE:
                raise Unusable(failure.error.message) from failure
            self.failure = failure
            raise
        finally:
            self.open -= 1
        usage, seconds = self.sum.usage + reply.usage, self.sum.seconds + reply.seconds
        self.sum = replace(reply, usage=usage, seconds=seconds)
        return reply.text


def _role(role: str) -> Any:
    if role not in ("system", "user", "assistant"):
        raise ValueError(f"a message has the role {role!r}, not system, user or assistant")
    return role


def _plain(notes: Mapping[str, Any]) -> dict[str, Any]:
    """Notes as JSON: a user's remedy may have noted anything."""
    text = json.dumps(notes, ensure_ascii=False, default=repr)
    if len(text) > _LONGEST_NOTES:
        return {"dropped": f"the notes have {len(text):,} characters, more than {_LONGEST_NOTES:,}"}
    return json.loads(cleaned(text))  # type: ignore[no-any-return]


def _what(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    said = one_line(redacted(f"{type(error).__name__}: {error}".rstrip(": ")), 300)
    return f"{said} ({os.path.relpath(frame.filename)}:{frame.lineno})"
