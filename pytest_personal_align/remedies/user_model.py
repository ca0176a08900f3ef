"""``user-model``: typed records of what was said of whom, kept from turn to turn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import MutableMapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from pytest_personal_align.remedies.asking import HelperAnswer, Words, answered, conversation
from pytest_personal_align.remedies.guidance import before_last_turn
from pytest_personal_align.remedies.protocol import ChatMessage, Inner
from pytest_personal_align.remedies.templates import fill

USER = "user"
Strength = Literal["hard", "soft"]
_MOST_REMEMBERED = 10_000

_FIRST_PERSON = frozenset({"i", "me", "myself", "the user", "user", "self"})


def _whose(value: Any) -> Any:
    return USER if isinstance(value, str) and value.strip().casefold() in _FIRST_PERSON else value


Subject = Annotated[Words, BeforeValidator(_whose)]
Id = Annotated[int, Field(ge=1, le=1_000_000)]


class Fact(BaseModel):
    """One thing that was said of a person.

    ``subject`` is ``user`` or the person as the user calls them. ``hard`` holds whatever anybody wants, ``soft`` is a
    wish. ``since`` is the user's turn, from 1, in which it was said. A record is never changed or deleted: a
    correction or withdrawal is a new one, and ``superseded_by`` is its id.
    """

    model_config = ConfigDict(frozen=True)

    id: int
    subject: str
    what: str
    strength: Strength
    since: int
    superseded_by: int | None = None


class Known(BaseModel):
    """The model of the user after one of their turns; ``relevant`` are ids of what bears on that turn."""

    model_config = ConfigDict(frozen=True)

    facts: tuple[Fact, ...] = ()
    relevant: tuple[int, ...] = ()

    def current(self) -> list[Fact]:
        """What has not been superseded."""
        return [fact for fact in self.facts if fact.superseded_by is None]


class _NewFact(HelperAnswer):
    id: Id
    subject: Subject
    what: Words
    strength: Strength
    turn: int
    supersedes: Annotated[list[Id], Field(max_length=50)]


class Extraction(HelperAnswer):
    """What the helper read in new turns. Needs the validation context ``known`` (facts) and ``turns`` (numbers)."""

    new: Annotated[list[_NewFact], Field(max_length=50)]
    relevant: Annotated[list[Id], Field(max_length=200)]

    @model_validator(mode="after")
    def _refers_to_what_is_there(self, info: ValidationInfo) -> Extraction:
        context = info.context or {}
        owners: dict[int, tuple[str, Strength]] = {
            fact.id: (fact.subject, fact.strength) for fact in context.get("known", ())
        }
        for fact in self.new:
            if fact.id in owners:
                raise ValueError(f"the id {fact.id} is taken")
            if fact.turn not in context.get("turns", ()):
                raise ValueError(f"{fact.id}: turn {fact.turn} is not one of the new turns")
            for old in fact.supersedes:
                if old not in owners:
                    raise ValueError(f"{fact.id} supersedes {old}, which is no record before it")
                subject, strength = owners[old]
                if subject.casefold() != fact.subject.casefold():
                    raise ValueError(
                        f"{fact.id} is of {fact.subject} and cannot supersede {old}, which is of {subject}"
                    )
                if strength == "hard" and fact.strength == "soft":
                    raise ValueError(f"{fact.id} is soft and cannot supersede {old}, which is hard")
            owners[fact.id] = fact.subject, fact.strength
        if unknown := set(self.relevant) - owners.keys():
            raise ValueError(f"relevant names {sorted(unknown)[0]}, which is no record")
        return self


def grown(known: Known, seen: Extraction) -> Known:
    """The model of the user with what was read in new turns; new records are numbered on."""
    facts = {fact.id: fact for fact in known.facts}
    ids = {fact.id: fact.id for fact in known.facts}
    for new in seen.new:
        number = ids[new.id] = len(facts) + 1
        for old in (ids[one] for one in new.supersedes):
            if facts[old].superseded_by is None:
                facts[old] = facts[old].model_copy(update={"superseded_by": number})
        facts[number] = Fact(id=number, subject=new.subject, what=new.what, strength=new.strength, since=new.turn)
    relevant = dict.fromkeys(ids[one] for one in seen.relevant)
    current = tuple(one for one in relevant if facts[one].superseded_by is None)
    return Known(facts=tuple(facts.values()), relevant=current)


class UserModel:
    """Reads each new user turn into :class:`Fact` records, and tells the assistant which bear on it.

    One call more for each turn. ``memory`` keeps what is known by a hash of the conversation until then: any mutable
    mapping; by default this object remembers the last 10,000 turns. Where nothing is remembered, all turns are read
    at once: a reply never depends on which process gave the one before.

    What it keeps in the notes: ``facts`` (all records after this turn) and ``relevant`` (ids).
    """

    def __init__(self, *, memory: MutableMapping[str, Known] | None = None) -> None:
        self._memory: MutableMapping[str, Known] = _Recent() if memory is None else memory

    async def __call__(self, messages: list[ChatMessage], assistant: Inner) -> str:
        known = await self._known(messages, assistant)
        if known is None:
            return await assistant(messages)
        assistant.note("facts", [fact.model_dump() for fact in known.facts])
        assistant.note("relevant", list(known.relevant))
        relevant = [fact for fact in known.facts if fact.id in known.relevant]
        if not relevant:
            return await assistant(messages)
        replaced = [fact for fact in known.facts if fact.superseded_by in known.relevant]
        return await assistant(
            before_last_turn(messages, fill("user_model_context", facts=relevant, withdrawn=replaced))
        )

    async def _known(self, messages: list[ChatMessage], assistant: Inner) -> Known | None:
        """What is known after the last user turn; None where it could not be read."""
        keys = _keys(messages, assistant.conversation)
        read, known = 0, Known()
        for turn in range(len(keys), 0, -1):
            if (found := self._memory.get(keys[turn - 1])) is not None:
                read, known = turn, found
                break
        if read == len(keys):
            return known
        question = fill(
            "user_model_extract",
            facts=[fact.model_dump(exclude_none=True) for fact in known.facts],
            next_id=len(known.facts) + 1,
        )
        about = conversation(_since(messages, read), first_turn=read + 1)
        context = {"known": known.facts, "turns": range(read + 1, len(keys) + 1)}
        seen = await answered(assistant, question, about, Extraction, context)
        if seen is None:
            return None
        known = self._memory[keys[-1]] = grown(known, seen)
        return known


def _keys(messages: Sequence[ChatMessage], conversation_id: str) -> list[str]:
    """For each user turn, a hash of all that was said until then."""
    digest = hashlib.sha256(json.dumps(conversation_id).encode())
    keys = []
    for message in messages:
        if message["role"] == "system":
            continue
        digest.update(json.dumps([message["role"], message["content"]]).encode())
        if message["role"] == "user":
            keys.append(digest.hexdigest())
    return keys


def _since(messages: Sequence[ChatMessage], turn: int) -> list[ChatMessage]:
    """The messages after the user's turn number ``turn``."""
    if turn == 0:
        return list(messages)
    users = [index for index, message in enumerate(messages) if message["role"] == "user"]
    return list(messages[users[turn - 1] + 1 :])


class _Recent(dict[str, Known]):
    def __setitem__(self, key: str, value: Known) -> None:
        self.pop(key, None)
        super().__setitem__(key, value)
        if len(self) > _MOST_REMEMBERED:
            del self[next(iter(self))]
