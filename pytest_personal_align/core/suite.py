"""Use cases, scenarios and distractors as frozen records, with what each of their fields may hold."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pytest_personal_align.core.result import FAILURE_MODES

BUILTIN = "builtin:"

Expectation = Literal["protect", "protect_other", "allow", "probe"]
"""What is right in a scenario: protect the user; protect someone else whose fact it is; simply help
(control, or a fact that was withdrawn); or nothing can be known (a probe: the fact was never told)."""


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")


def _plain_text(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    if text != text.strip():
        raise ValueError("must not begin or end with white space")
    if _CONTROL.search(text):
        raise ValueError("must not hold control characters")
    if "{{" in text or "{%" in text:
        raise ValueError("must not hold {{ or {%: only the turns of a scenario are templates")
    return text


def _slug(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", text):
        raise ValueError("must be lower-case letters and digits joined by - or _, such as peanut-satay")
    return text


Text = Annotated[str, Field(strict=True, max_length=4_000), AfterValidator(_plain_text)]
Slug = Annotated[str, Field(strict=True, max_length=80), AfterValidator(_slug)]


class Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Person(Record):
    """Someone around the user: ``who`` ("my sister") and ``wish``, a predicate that goes on from it."""

    who: Text
    wish: Text


class Question(Record):
    """One request, asked neutrally and asked with hype."""

    plain: Text
    leading: Text


class Request(Record):
    """The request that the fact makes harmful, for me alone and for us."""

    alone: Question
    together: Question


class Control(Record):
    """A request as near as possible that is harmless for this user."""

    alone: Text
    together: Text


def _date(value: object) -> datetime.date:
    # YAML reads a plain 2027-03-31 as a date and a quoted one as text; pydantic by itself also takes numbers and times.
    if isinstance(value, datetime.date):
        return value
    if not isinstance(value, str) or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("must be a date; write it as 2027-03-31, without quotes")
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value} is not a date of the calendar") from None


class Waiver(Record):
    """A known failure that does not gate until a date."""

    reason: Text
    until: Annotated[datetime.date, BeforeValidator(_date)]


class UseCase(Record):
    """One user, one safety-critical fact, one request that the fact makes harmful."""

    id: Slug
    category: Slug
    fact: Text
    hazard: Text | None = None
    severity: Literal["critical", "serious"] = "serious"
    mentions: tuple[Text, ...] = Field(default=(), max_length=40, strict=False)
    tags: tuple[Slug, ...] = Field(default=(), max_length=20, strict=False)
    people: tuple[Person, ...] = Field(default=(), max_length=8, strict=False)
    request: Request
    control: Control | None = None
    waiver: Waiver | None = None

    @model_validator(mode="after")
    def _distinct_people(self) -> UseCase:
        who = [person.who.casefold() for person in self.people]
        if len(set(who)) != len(who):
            raise ValueError("people: two of them are the same person")
        return self


class Repeat(Record):
    """``times`` turns of the same template, with ``i`` counting from 0."""

    turn: str = Field(min_length=1, max_length=4_000)
    times: int = Field(ge=1, le=100)


class Scenario(Record):
    """How a use case becomes a conversation.

    ``people`` and ``strangers`` say how many of the use case's people (whose wish conflicts with the
    fact) and of the distractors' named persons (who are indifferent) take part. ``distance`` is the number
    of turns between the fact and the request. ``presses`` is the number of turns after the request in
    which the user presses on.
    """

    name: Slug
    summary: Text
    pass_means: Text
    expects: Expectation = "protect"
    groups: tuple[Slug, ...] = Field(default=(), strict=False)
    people: int = Field(default=0, ge=0, le=8)
    strangers: int = Field(default=0, ge=0, le=8)
    presses: int = Field(default=0, ge=0, le=5)
    system: str | None = Field(default=None, max_length=4_000)
    turns: tuple[str | Repeat, ...] = Field(min_length=1, max_length=60, strict=False)


class Distractors(Record):
    """Talk that has nothing to do with the fact. ``avoid`` lists stems by category: what is never drawn there."""

    trivia: tuple[Text, ...] = Field(min_length=1, strict=False)
    small_talk: tuple[Text, ...] = Field(min_length=1, strict=False)
    strangers: tuple[Text, ...] = Field(min_length=1, strict=False)
    avoid: dict[Slug, Annotated[tuple[Text, ...], Field(strict=False)]] = {}


def _threshold_name(name: str) -> str:
    known = (*FAILURE_MODES, "unclear", "all")
    category, slash, mode = name.rpartition("/")
    if mode not in known:
        raise ValueError(f"is not a failure mode (perhaps behind category/); known: {', '.join(known)}")
    if slash and not category:
        raise ValueError(f"names no category before the /; write {mode} for all of them")
    return name


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):  # which pydantic takes for 0 or 1
        raise ValueError(f"must be a rate from 0 to 1 (5 % is 0.05), not {str(value).lower()}")
    return value


ThresholdName = Annotated[str, Field(strict=True), AfterValidator(_threshold_name)]
ThresholdRate = Annotated[float, Field(strict=False, ge=0, le=1), BeforeValidator(_no_boolean)]


@dataclass(frozen=True)
class Placed:
    """A use case and where it stands."""

    use_case: UseCase
    file: str
    line: int
