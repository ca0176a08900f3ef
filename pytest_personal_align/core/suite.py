"""Use cases, scenarios and distractors: the user's YAML as frozen records, with errors that name the line."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from pytest_personal_align.core import yamlfile
from pytest_personal_align.core.errors import InputError, Problem
from pytest_personal_align.core.render import check_turns
from pytest_personal_align.core.result import FAILURE_MODES

SCENARIO_FILE = "scenarios.yaml"
DISTRACTOR_FILE = "distractors.yaml"
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


class Waiver(Record):
    """A known failure that does not gate until a date."""

    reason: Text
    until: datetime.date


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
    if name.rpartition("/")[2] not in known:
        raise ValueError(f"is not a failure mode (perhaps behind category/); known: {', '.join(known)}")
    return name


ThresholdName = Annotated[str, Field(strict=True), AfterValidator(_threshold_name)]


class _CaseDocument(Record):
    category: Slug | None = None
    thresholds: dict[ThresholdName, Annotated[float, Field(strict=False, ge=0, le=1)]] = {}
    use_cases: list[dict[str, Any]] = Field(min_length=1)


class _ScenarioDocument(Record):
    scenarios: tuple[Scenario, ...] = Field(min_length=1, strict=False)


@dataclass(frozen=True)
class Placed:
    """A use case and where it stands."""

    use_case: UseCase
    file: str
    line: int


_Model = TypeVar("_Model", bound=BaseModel)


def load_use_cases(path: Path, shown_as: str | None = None) -> list[Placed]:
    """The use cases of one file, in order. Raises InputError with all problems of the file."""
    document = yamlfile.read(path, shown_as)
    head = _validate(_CaseDocument, document, document.data, ())
    placed: list[Placed] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for index, data in enumerate(head.use_cases):
        at: yamlfile.Path_ = ("use_cases", index)
        if head.category is not None:
            data = {"category": head.category, **data}
        try:
            use_case = _validate(UseCase, document, data, at)
        except InputError as error:
            problems += error.problems
            continue
        line = document.line((*at, "id"))
        if use_case.id in seen:
            message = f"the id {use_case.id} stands in line {seen[use_case.id]} already; ids must be unique"
            problems.append(document.problem((*at, "id"), message))
        seen.setdefault(use_case.id, line)
        placed.append(Placed(use_case, document.file, line))
    if problems:
        raise InputError(problems)
    return placed


def thresholds_of(path: Path) -> dict[str, float]:
    """The thresholds at the head of a case file. Raises InputError."""
    document = yamlfile.read(path)
    return dict(_validate(_CaseDocument, document, document.data, ()).thresholds)


def load_scenarios(path: Path, shown_as: str | None = None) -> tuple[Scenario, ...]:
    """The scenarios of one file, in order. Raises InputError."""
    document = yamlfile.read(path, shown_as)
    scenarios = _validate(_ScenarioDocument, document, document.data, ()).scenarios
    problems: list[Problem] = []
    seen: set[str] = set()
    for index, scenario in enumerate(scenarios):
        if scenario.name in seen:
            message = f"the scenario {scenario.name} is defined twice in this file"
            problems.append(document.problem(("scenarios", index, "name"), message))
        seen.add(scenario.name)
        for where, message in check_turns(scenario):
            problems.append(document.problem(("scenarios", index, *where), message))
    if problems:
        raise InputError(problems)
    return scenarios


def load_distractors(path: Path, shown_as: str | None = None) -> Distractors:
    """The distractors of one file. Raises InputError."""
    document = yamlfile.read(path, shown_as)
    return _validate(Distractors, document, document.data, ())


def looks_like_cases(path: Path) -> bool:
    """Whether a YAML file claims to hold use cases: a line that starts with ``use_cases:``."""
    try:
        with path.open("rb") as file:
            head = file.read(yamlfile.MAX_BYTES)
    except OSError:
        return False
    return re.search(rb"^use_cases\s*:", head, re.MULTILINE) is not None


def case_files(root: Path) -> list[Path]:
    """The case files at ``root`` (a file, or a folder read recursively), sorted."""
    if root.is_file():
        return [root]
    found = (path for pattern in ("*.yaml", "*.yml") for path in root.rglob(pattern))
    return sorted(path for path in found if is_case_file(path, root))


def is_case_file(path: Path, root: Path) -> bool:
    """Whether ``path`` below ``root`` is a case file: YAML, not scenarios or distractors, nothing hidden."""
    inner = path.relative_to(root).parts
    return (
        path.suffix in (".yaml", ".yml")
        and path.name not in (SCENARIO_FILE, DISTRACTOR_FILE)
        and not any(part.startswith(".") for part in inner)
    )


def unique_ids(placed: Iterable[Placed]) -> list[Problem]:
    """Problems for ids that two files share: node ids and baselines would mix them up."""
    first: dict[str, Placed] = {}
    problems: list[Problem] = []
    for item in placed:
        other = first.setdefault(item.use_case.id, item)
        if other is not item:
            message = f"the id {item.use_case.id} stands in {other.file}:{other.line} already; ids must be unique"
            problems.append(Problem(item.file, item.line, "id", message))
    return problems


def _validate(model: type[_Model], document: yamlfile.Document, data: Any, at: yamlfile.Path_) -> _Model:
    if not isinstance(data, dict):
        known = ", ".join(model.model_fields)
        what = "is empty" if data is None else f"holds a {type(data).__name__}"
        raise InputError([document.problem(at, f"{what}; expected a mapping with {known}")])
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = []
        for detail in error.errors(include_url=False):
            where = tuple(part for part in detail["loc"] if not (isinstance(part, str) and part in ("str", "Repeat")))
            problems.append(document.problem((*at, *where), _explain(detail, model)))
        raise InputError(list(dict.fromkeys(problems))) from None


def _explain(detail: Any, model: type[BaseModel]) -> str:
    kind, value = detail["type"], detail.get("input")
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return f"is not a known field; known here: {', '.join(_fields_at(model, detail['loc'][:-1]))}"
    if kind in ("string_type", "string_sub_type") and isinstance(value, (bool, int, float, datetime.date)):
        return f"must be text, but YAML reads {value} as a {type(value).__name__}; write it in quotes"
    if kind == "string_type":
        return f"must be text, not {'empty' if value is None else type(value).__name__}"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    message = str(detail["msg"])
    return message[0].lower() + message[1:]


def _fields_at(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    for part in loc:
        if not isinstance(part, str):
            continue
        field = model.model_fields.get(part)
        if field is None:
            break
        inner = _record_in(field.annotation)
        if inner is None:
            break
        model = inner
    return list(model.model_fields)


def _record_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (found := _record_in(argument)) is not None:
            return found
    return None
