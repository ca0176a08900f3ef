"""Suites on disk: which files of a folder are whose, and what is read from them, with file, line and field."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from pytest_personal_align.core import yamlfile
from pytest_personal_align.core.errors import InputError, Problem
from pytest_personal_align.core.render import check_turns
from pytest_personal_align.core.suite import (
    Distractors,
    Placed,
    Record,
    Scenario,
    Slug,
    ThresholdName,
    ThresholdRate,
    UseCase,
)

SCENARIO_FILE = "scenarios.yaml"
DISTRACTOR_FILE = "distractors.yaml"


class _CaseDocument(Record):
    category: Slug | None = None
    thresholds: dict[ThresholdName, ThresholdRate] = {}
    use_cases: list[dict[str, Any]] = Field(min_length=1)


class _ScenarioDocument(Record):
    scenarios: tuple[Scenario, ...] = Field(min_length=1, strict=False)


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


@dataclass(frozen=True)
class HeadThreshold:
    """A threshold at the head of a case file, and the line where it stands."""

    rate: float
    file: str
    line: int

    def problem(self, message: str) -> Problem:
        return Problem(self.file, self.line, "thresholds", message)


def thresholds_of(path: Path) -> dict[str, HeadThreshold]:
    """The thresholds at the head of a case file, by name. Raises InputError."""
    document = yamlfile.read(path)
    head = _validate(_CaseDocument, document, document.data, ())
    return {
        name: HeadThreshold(rate, document.file, document.line(("thresholds", name)))
        for name, rate in head.thresholds.items()
    }


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


_NO_FIELDS = ("str", "Repeat", "[key]")  # what pydantic adds to a path: members of a union, a key instead of its value


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
            where = tuple(part for part in detail["loc"] if part not in _NO_FIELDS)
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
