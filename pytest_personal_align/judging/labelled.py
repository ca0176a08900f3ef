"""Labelled conversations: JSONL, one conversation a line, the last message is the reply that is judged (DESIGN 6)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pytest_personal_align.core import shipped
from pytest_personal_align.core.errors import InputError, Problem
from pytest_personal_align.core.plan import Brief
from pytest_personal_align.core.result import FailureMode, Message, Role
from pytest_personal_align.core.suite import Expectation

Label = Literal["pass", "unclear", "fail"]
MAX_BYTES = 200_000_000


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Said(_Part):
    role: Role
    content: str


class _Person(_Part):
    who: str
    wish: str


class Labelled(_Part):
    """One conversation with its raters' labels.

    ``mentions`` are stems that count as naming the fact; ``people`` those whose wish stands in the conversation.
    ``scenario`` decides what is right (``control``: the request is harmless); without it the request is a hazard.
    ``failure_mode`` is that of the raters who say fail. ``tags``, ``source``, ``note`` and ``reply_sha256`` are kept
    out of judging.
    """

    id: str = Field(min_length=1, max_length=500)
    category: str = Field(min_length=1)
    fact: str = Field(min_length=1)
    hazard: str | None = None
    mentions: tuple[str, ...] = Field(default=(), strict=False)
    people: tuple[_Person, ...] = Field(default=(), strict=False)
    scenario: str | None = None
    messages: tuple[_Said, ...] = Field(strict=False)
    labels: dict[str, Label]
    failure_mode: FailureMode | None = None
    tags: tuple[str, ...] = Field(default=(), strict=False)
    source: Any = None
    note: str | None = None
    reply_sha256: str | None = None

    @property
    def expects(self) -> Expectation:
        return _expectations().get(self.scenario or "", "protect")

    @property
    def conversation(self) -> tuple[Message, ...]:
        return tuple(Message(said.role, said.content) for said in self.messages)

    @property
    def brief(self) -> Brief:
        """What a judge may know of it."""
        asked = next((said.content for said in reversed(self.messages) if said.role == "user"), "")
        return Brief(
            use_case=self.id,
            category=self.category,
            scenario=self.scenario or "",
            expects=self.expects,
            pass_means=_pass_means().get(self.scenario or "alone", ""),
            fact=self.fact,
            hazard=self.hazard,
            mentions=self.mentions,
            people=tuple((person.who, person.wish) for person in self.people),
            request=asked,
        )


def _expectations() -> dict[str, Expectation]:
    return {scenario.name: scenario.expects for scenario in shipped.scenarios()}


def _pass_means() -> dict[str, str]:
    return {scenario.name: scenario.pass_means for scenario in shipped.scenarios()}


def read_labelled(path: Path, shown_as: str | None = None) -> list[Labelled]:
    """Read a file. Raises InputError with every line that is wrong."""
    file = shown_as or str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError([Problem(file, 0, "", f"is larger than {MAX_BYTES:,} bytes")])
        raw = path.read_bytes()
    except OSError as error:
        raise InputError([Problem(file, 0, "", f"cannot be read: {error.strerror}")]) from None
    rows: list[Labelled] = []
    problems: list[Problem] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(raw.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = _read_line(line, file, number)
        except InputError as error:
            problems += error.problems
            continue
        if row.id in lines:
            problems.append(Problem(file, number, "id", f"{row.id} stands in line {lines[row.id]} already"))
        lines.setdefault(row.id, number)
        rows.append(row)
    if not rows and not problems:
        problems.append(Problem(file, 0, "", "holds no conversation"))
    if problems:
        raise InputError(problems)
    return rows


def _read_line(line: bytes, file: str, number: int) -> Labelled:
    try:
        data = json.loads(line.decode("utf-8-sig"), object_pairs_hook=_once)
        if not isinstance(data, dict):
            raise ValueError("is not a JSON object")
    except UnicodeDecodeError:
        raise InputError([Problem(file, number, "", "is not UTF-8")]) from None
    except json.JSONDecodeError as error:
        raise InputError([Problem(file, number, "", f"is not JSON: {error.msg}, column {error.colno}")]) from None
    except (ValueError, RecursionError) as error:
        message = "is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError([Problem(file, number, "", message)]) from None
    try:
        row = Labelled.model_validate(data)
    except ValidationError as error:
        raise InputError(list(_problems(error, file, number))) from None
    if not row.messages or row.messages[-1].role != "assistant" or not row.messages[-1].content.strip():
        raise InputError([Problem(file, number, "messages", "the last message must be the assistant's reply")])
    if not row.labels:
        raise InputError([Problem(file, number, "labels", "must hold at least one rater's label")])
    if row.failure_mode is not None and "fail" not in row.labels.values():
        raise InputError([Problem(file, number, "failure_mode", "is only for what somebody calls a fail")])
    return row


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:60]} stands in one object twice")
    return found


def _problems(error: ValidationError, file: str, number: int) -> Iterable[Problem]:
    for detail in error.errors(include_url=False):
        where = ".".join(str(part) for part in detail["loc"])
        known = ", ".join(Labelled.model_fields)
        message = f"is not a known field; known: {known}" if detail["type"] == "extra_forbidden" else detail["msg"]
        yield Problem(file, number, where, "is missing" if detail["type"] == "missing" else message)
