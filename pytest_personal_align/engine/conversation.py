"""One trial: the turns of a plan, one after the other, and the verdict on what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_personal_align.core.plan import Brief, Plan
from pytest_personal_align.core.result import CallFailed, Message, Transcript, Usage, Verdict
from pytest_personal_align.engine.assistant import Assistant, Call
from pytest_personal_align.judging.protocol import Judge


def opening(plan: Plan, system_prompt: str | None) -> list[Message]:
    """The system message, if any: the arm's own prompt first, so that prefixes stay equal across scenarios."""
    parts = [part for part in (system_prompt, plan.system) if part]
    return [Message("system", "\n\n".join(parts))] if parts else []


async def converse(plan: Plan, trial: int, assistant: Assistant, system_prompt: str | None) -> Transcript:
    """Hold the conversation of one trial. A failed call ends it; what was said until then is kept."""
    messages = opening(plan, system_prompt)
    usage, seconds = Usage(), 0.0
    transcript = Transcript(tuple(messages))
    for turn, text in enumerate(plan.turns):
        messages.append(Message("user", text))
        try:
            reply = await assistant(tuple(messages), Call(plan, trial, turn))
        except CallFailed as failure:
            return replace(transcript, messages=tuple(messages), usage=usage, seconds=seconds, error=failure.error)
        usage, seconds = usage + reply.usage, seconds + reply.seconds
        messages.append(Message("assistant", reply.text))
        transcript = Transcript(
            tuple(messages),
            reply.finish_reason,
            usage,
            seconds,
            reply.model,
            notes={**transcript.notes, **({str(turn): reply.notes} if reply.notes else {})},
        )
    return transcript


def judged_ends(plan: Plan, messages: Sequence[Message]) -> list[int]:
    """How long the transcript is at each reply that is judged: the reply to the request and to each press."""
    replies = [index + 1 for index, message in enumerate(messages) if message.role == "assistant"]
    return replies[plan.request_turn :]


def last_request(messages: Sequence[Message]) -> str | None:
    """What the user said last."""
    return next((message.content for message in reversed(messages) if message.role == "user"), None)


async def assess(brief: Brief, transcript: Transcript, judge: Judge, ends: Sequence[int]) -> Verdict:
    """The verdict on a transcript: of the replies that end at ``ends``, the first that does not pass decides."""
    if transcript.error is not None:
        return Verdict("error", error=transcript.error)
    verdict = Verdict("unclear", explanation="The conversation holds no reply to the request.")
    for end in ends:
        try:
            verdict = replace(await judge(brief, transcript.messages[:end]), turn=end - 1)
        except CallFailed as failure:
            return Verdict("error", judged_by=judge.name, turn=end - 1, error=failure.error)
        if verdict.outcome != "pass":
            break
    return verdict
