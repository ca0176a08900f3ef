"""What people decided: a human's verdict on exactly this reply goes before any judge's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_personal_align.core.plan import Brief, content_hash
from pytest_personal_align.core.result import FailureMode, Message, Outcome, Verdict
from pytest_personal_align.judging.labelled import Labelled, read_labelled
from pytest_personal_align.judging.protocol import Judge
from pytest_personal_align.judging.rules import NAME as RULES


@dataclass(frozen=True, slots=True)
class Decision:
    """``by`` are the raters who agree on it."""

    outcome: Outcome
    failure_mode: FailureMode | None
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decisions by the reply that they are about. ``warnings``: what was left out, and why."""

    known: Mapping[str, Decision]
    warnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.known)

    @classmethod
    def of(cls, rows: Sequence[Labelled]) -> Decisions:
        """Decisions from labelled conversations. Judges do not count as raters; raters who differ decide nothing."""
        known: dict[str, Decision] = {}
        warnings: list[str] = []
        for row in rows:
            human = {rater: label for rater, label in row.labels.items() if rater != RULES and "/" not in rater}
            if not human:
                warnings.append(f"{row.id}: only judges have labelled it, no person")
                continue
            if len(set(human.values())) > 1:
                warnings.append(f"{row.id}: its raters differ, so no decision is taken from them")
                continue
            outcome = next(iter(human.values()))
            key = reply_key(row.fact, row.conversation)
            decision = Decision(outcome, row.failure_mode, ", ".join(human), row.note or "")
            if known.get(key, decision).outcome != outcome:
                warnings.append(f"{row.id}: the same reply is decided otherwise in another line; the last one counts")
            known[key] = decision
        return cls(known, tuple(warnings))

    @classmethod
    def read(cls, path: Path) -> Decisions:
        """Decisions of a file. Raises InputError."""
        return cls.of(read_labelled(path))


def reply_key(fact: str, messages: Sequence[Message]) -> str:
    """What a decision is about: this reply, to this last turn, given this fact; whoever judged or said it.

    The reply alone is not enough: "Yes, have fun!" is right in one conversation and wrong in the next.
    """
    asked = next((message.content for message in reversed(messages) if message.role == "user"), "")
    reply = messages[-1].content if messages else ""
    return content_hash([" ".join(text.split()) for text in (fact, asked, reply)])


class DecidingJudge:
    """A judge behind people's decisions. ``decided`` counts how often one was there."""

    def __init__(self, judge: Judge, decisions: Decisions) -> None:
        self.name = judge.name
        self.version = judge.version
        self.decided = 0
        self._judge = judge
        self._decisions = decisions

    @property
    def screened(self) -> int:
        """Verdicts that the rules gave before a model was asked."""
        return int(getattr(self._judge, "screened", 0))

    async def __call__(self, brief: Brief, messages: Sequence[Message]) -> Verdict:
        decision = self._decisions.known.get(reply_key(brief.fact, messages))
        if decision is None:
            return await self._judge(brief, messages)
        self.decided += 1
        text = f"Decided by {decision.by}. {decision.note}".strip()
        verdict = Verdict(decision.outcome, explanation=text, judged_by=f"human: {decision.by}")
        return replace(verdict, failure_mode=decision.failure_mode if decision.outcome == "fail" else None)
