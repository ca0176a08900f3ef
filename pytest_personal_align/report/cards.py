"""One case as a card: what was said, which part of it counts, and what the judge made of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_personal_align.core.record import CaseRecord, RunInfo, TrialRecord
from pytest_personal_align.core.result import Message, Observation
from pytest_personal_align.report.failure import rerun_command

_FLAGS = {"--pa-attribute", "--pa-no-canaries", "--pa-no-share", "--pa-plan", "--pa-sequential", "--pa-strict"}
_VALUED = {"-k", "-m", "-n", "-p", "-c", "-o", "-W", "-r", "--tb", "--dist", "--rootdir", "--junitxml", "--maxfail",
           "--confcutdir", "--ignore", "--deselect", "--durations", "--color", "--basetemp", "--log-level"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a message; ``marked`` where it is the fact or the quoted evidence."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Bubble:
    """A message. ``kind`` is fact, request or reply where it is one of the three that count, else talk."""

    role: str
    kind: str
    segments: tuple[Segment, ...]

    @property
    def long(self) -> bool:
        """So long that it gets a scroll bar of its own."""
        return sum(len(segment.text) for segment in self.segments) > 6_000


@dataclass(frozen=True, slots=True)
class Block:
    """Bubbles that stand together, shown at once or folded."""

    folded: bool
    bubbles: tuple[Bubble, ...]


@dataclass(frozen=True, slots=True)
class TrialCard:
    number: int
    record: TrialRecord
    blocks: tuple[Block, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Card:
    """``index`` is the case's place in the record."""

    anchor: str
    index: int
    case: CaseRecord
    trials: tuple[TrialCard, ...]
    shown: int
    rerun: str
    preview: str


def card(case: CaseRecord, index: int, anchor: str, run: RunInfo) -> Card:
    """The card of a case; the first trial that ends like the case is the one to look at first."""
    trials = tuple(
        TrialCard(number, trial, tuple(blocks(case, trial)), reply_digest(judged_reply(trial)))
        for number, trial in enumerate(case.trials, 1)
    )
    shown = next((i for i, trial in enumerate(case.trials) if trial.outcome == case.outcome), 0)
    preview = _preview(case.trials[shown]) if case.trials else ""
    return Card(anchor, index, case, trials, shown, rerun_command(kept_options(run.command), case.nodeid), preview)


def anchors(cases: Sequence[CaseRecord]) -> list[str]:
    """A fragment for each case that stays the same from run to run."""
    seen: dict[str, int] = {}
    names = []
    for case in cases:
        name = "c-" + hashlib.sha256(f"{case.nodeid}\0{case.arm}".encode("utf-8", "replace")).hexdigest()[:12]
        times = seen[name] = seen.get(name, 0) + 1
        names.append(name if times == 1 else f"{name}-{times}")
    return names


def landmarks(case: CaseRecord, trial: TrialRecord) -> tuple[int, int, int]:
    """Indices in the messages of the fact, the request and the judged reply; -1 where there is none."""
    messages = trial.messages
    reply = trial.turn if trial.turn is not None and 0 <= trial.turn < len(messages) else _last_reply(messages)
    users = [index for index, message in enumerate(messages) if message.role == "user"]
    asked = [index for index in users if messages[index].content == case.request and (reply < 0 or index < reply)]
    before = [index for index in users if reply < 0 or index < reply]
    request = asked[-1] if asked else before[-1] if before else -1
    fact = next((index for index in users if case.fact and case.fact in messages[index].content), -1)
    return fact, request, reply


def blocks(case: CaseRecord, trial: TrialRecord) -> Iterator[Block]:
    """The conversation in order: fact, request and reply in the open, the talk between them folded."""
    fact, request, reply = landmarks(case, trial)
    quote = trial.observation.quote if trial.observation else ""
    folded: list[Bubble] = []
    for index, message in enumerate(trial.messages):
        if index not in (fact, request, reply):
            folded.append(Bubble(message.role, "talk", (Segment(message.content),)))
            continue
        if folded:
            yield Block(True, tuple(folded))
            folded = []
        if index == reply:
            yield Block(False, (Bubble(message.role, "reply", marked(message.content, quote)),))
        else:
            kind = "request" if index == request else "fact"
            segments = marked(message.content, case.fact) if index == fact else (Segment(message.content),)
            yield Block(False, (Bubble(message.role, kind, segments),))
    if folded:
        yield Block(True, tuple(folded))


def marked(text: str, part: str) -> tuple[Segment, ...]:
    """``text`` with the first place of ``part`` marked; white space may differ, as a judge may quote it."""
    words = part.split()
    if not words:
        return (Segment(text),)
    place = text.find(part)
    end = place + len(part)
    if place < 0:
        found = re.search(r"\s+".join(map(re.escape, words)), text)
        if found is None:
            return (Segment(text),)
        place, end = found.span()
    pieces = (Segment(text[:place]), Segment(text[place:end], True), Segment(text[end:]))
    return tuple(piece for piece in pieces if piece.text)


def judged_reply(trial: TrialRecord) -> str:
    """The reply that the verdict is about; empty where there is none."""
    messages = trial.messages
    index = trial.turn if trial.turn is not None and 0 <= trial.turn < len(messages) else _last_reply(messages)
    return messages[index].content if index >= 0 else ""


def reply_digest(reply: str) -> str:
    """SHA-256 of a reply: by it a person's decision finds the same reply in another run."""
    return hashlib.sha256(reply.encode("utf-8", "replace")).hexdigest()


def kept_options(command: Sequence[str]) -> list[str]:
    """The options of a command line without the program and the paths that it named."""
    kept: list[str] = []
    takes_value = False
    for part in command[1:]:
        if part.startswith("-") or takes_value:
            kept.append(part)
        takes_value = part.startswith("-") and "=" not in part and not takes_value and _takes_value(part)
    return kept


def _takes_value(option: str) -> bool:
    return option in _VALUED or (option.startswith("--pa-") and option not in _FLAGS)


def observed(seen: Observation) -> str:
    """The judge's atomic answers in a line."""
    safer = "offers a safer alternative" if seen.safer_alternative else "no safer alternative"
    stance = {"recommends": "recommends it", "conditional": "recommends it on conditions",
              "advises_against": "advises against it", "none": "takes no stance"}[seen.stance]  # fmt: skip
    fact = {"yes": "takes the fact into account", "partly": "takes the fact into account in part",
            "no": "does not take the fact into account"}[seen.acknowledges]  # fmt: skip
    swayed = {"nothing": "", "user": "; swayed by the user's wish", "others": "; swayed by other people"}
    return f"{fact}; {stance}{swayed[seen.swayed_by]}; {safer}"


def _last_reply(messages: Sequence[Message]) -> int:
    return next((index for index in reversed(range(len(messages))) if messages[index].role == "assistant"), -1)


def _preview(trial: TrialRecord) -> str:
    if trial.error is not None:
        return trial.error.message
    if trial.observation is not None and trial.observation.quote:
        return trial.observation.quote
    return judged_reply(trial)
