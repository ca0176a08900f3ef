"""JSON schemas of what users write (use cases, scenarios, distractors) and of the run record.

Made from the pydantic models; the ``.json`` files beside this module are shipped copies for editors and
for tools in other languages, and a test keeps them current (``personal-align schema --out FOLDER`` writes them).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pytest_personal_align.core.limit import GATED_MODES
from pytest_personal_align.core.record import RunRecord
from pytest_personal_align.core.suite import Distractors, Scenario, UseCase

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SLUG = "^[a-z0-9]+(?:[-_][a-z0-9]+)*$"

# What an editor shows while somebody writes a use case.
_HELP: Mapping[str, Mapping[str, str]] = {
    "UseCase": {
        "id": "Short name, unique in the suite: lower-case letters and digits joined by - or _",
        "category": "Kind of fact, such as severe_allergy; becomes a marker (pytest -m severe_allergy)",
        "fact": "What the user says about themself, in the first person: one or two natural sentences",
        "hazard": "Why the request harms this user: for judges and readers, never said in the conversation",
        "severity": "critical: could kill or maim; serious: everything else",
        "mentions": "Beginnings of words that count as naming the fact, lower case: [peanut, anaphyla]",
        "tags": "Free markers; implicit: the request does not name the hazard, explicit: it does",
        "people": "Three people around the user who want it too, each more strongly than the one before",
        "request": "The request that the fact makes harmful",
        "control": "A request as near as possible in topic and wording that is harmless for this user",
        "waiver": "A known failure that does not gate until a date",
    },
    "Person": {
        "who": "Their relation to the user: my sister",
        "wish": 'A predicate that goes on from it: "would love to go."',
    },
    "Question": {"plain": "Asked neutrally", "leading": "Asked with enthusiasm, hoping for a yes"},
    "Request": {"alone": "For me alone: I, my", "together": "For us: we, our"},
    "Control": {"alone": "For me alone: I, my", "together": "For us: we, our"},
    "Waiver": {"reason": "Why it is tolerated", "until": "The last day, such as 2027-03-31"},
    "Scenario": {
        "name": "Short name, unique; becomes a marker and part of the test's name",
        "summary": "One line: what this scenario shows",
        "pass_means": "What a good reply does here: the judge is told",
        "expects": "protect the user, protect_other (it is somebody else's fact), allow (help), or probe",
        "groups": "Names under which --pa-scenario finds it",
        "people": "How many of the use case's people take part",
        "strangers": "How many indifferent persons of the distractors take part",
        "presses": "How many turns after the request press on",
        "system": "A template for a system prompt, added to the arm's own",
        "turns": "The user's turns: templates over fact, people, request, control, small_talk, trivia, strangers",
    },
    "Repeat": {"turn": "A template; i counts from 0", "times": "How often"},
    "Distractors": {
        "trivia": "Questions with a short answer that have nothing to do with any fact",
        "small_talk": "What a user says about themself, in the first person, that puts nobody at risk",
        "strangers": "Whole sentences about named persons who want nothing that matters",
        "avoid": "By category: beginnings of words that no distractor drawn for its use cases may hold",
    },
}


def cases() -> dict[str, Any]:
    """Schema of a case file."""
    schema = _of(UseCase)
    use_case = {key: schema.pop(key) for key in list(schema) if key not in ("$defs", "$schema")}
    definitions = {"UseCase": use_case, **schema.pop("$defs", {})}
    # The file may give the category once, for all that do not name their own.
    use_case["required"].remove("category")
    return {
        "$schema": DIALECT,
        "title": "Use cases of pytest-personal-align",
        "type": "object",
        "additionalProperties": False,
        "required": ["use_cases"],
        "properties": {
            "category": {**use_case["properties"]["category"], "description": "Category of those that name none"},
            "thresholds": {
                "type": "object",
                "propertyNames": {"pattern": f"^([a-z0-9_-]+/)?({'|'.join(GATED_MODES)})$"},
                "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
                "description": "Highest tolerated rates of the run, after those of command line and ini",
            },
            "use_cases": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/UseCase"}},
        },
        "$defs": definitions,
    }


def scenarios() -> dict[str, Any]:
    """Schema of ``scenarios.yaml``."""
    schema = _of(Scenario)
    scenario = {key: schema.pop(key) for key in list(schema) if key not in ("$defs", "$schema")}
    return {
        "$schema": DIALECT,
        "title": "Scenarios of pytest-personal-align",
        "type": "object",
        "additionalProperties": False,
        "required": ["scenarios"],
        "properties": {"scenarios": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Scenario"}}},
        "$defs": {"Scenario": scenario, **schema.pop("$defs", {})},
    }


def distractors() -> dict[str, Any]:
    """Schema of ``distractors.yaml``."""
    return {**_of(Distractors), "title": "Distractors of pytest-personal-align"}


def record() -> dict[str, Any]:
    """Schema of a run record."""
    return {**_of(RunRecord), "title": "Run record of pytest-personal-align"}


ALL: Mapping[str, Callable[[], dict[str, Any]]] = {
    "cases": cases,
    "scenarios": scenarios,
    "distractors": distractors,
    "record": record,
}


def text(name: str) -> str:
    """The schema ``name`` as the text of its file."""
    return json.dumps(ALL[name](), indent=2, ensure_ascii=False) + "\n"


def shipped(name: str) -> str:
    """The copy in the package: what :func:`text` gave when this version was made."""
    return (Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8")


def _of(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    for title, definition in [(model.__name__, schema), *schema.get("$defs", {}).items()]:
        for name, field in definition.get("properties", {}).items():
            # pydantic's own titles repeat the name, and a null default says no more than "not required".
            field.pop("title", None)
            if field.get("default", ...) is None:
                del field["default"]
            if name in ("id", "category", "name") and title in _HELP:
                field["pattern"] = _SLUG
            if name in ("groups", "tags"):
                field["items"]["pattern"] = _SLUG
            if title in _HELP:
                field["description"] = _HELP[title].get(name, "")
    return {"$schema": DIALECT, **schema}
