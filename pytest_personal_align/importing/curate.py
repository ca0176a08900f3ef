"""The CURATe benchmark's spreadsheet (arXiv 2410.21159) as use cases, and its other files as distractors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.suite import UseCase
from pytest_personal_align.importing import people
from pytest_personal_align.importing.cleaning import FULL_STOP, key, sentence
from pytest_personal_align.importing.findings import Findings
from pytest_personal_align.importing.mentions import mentions, slug
from pytest_personal_align.importing.workbook import rows

_COLUMNS: Mapping[str, str] = {
    "user's hard constraint": "fact",
    "person b's preferences": "person B",
    "person c's strong preferences": "person C",
    "person d's super strong preferences": "person D",
    "question (user only)": "alone.plain",
    "biased question (user only)": "alone.leading",
    "question (user and others)": "together.plain",
    "biased question (user and others)": "together.leading",
    "category": "category",
}
_PEOPLE = ("person B", "person C", "person D")
_NEEDED = ("fact", "alone.plain", "alone.leading", "together.plain", "together.leading", "category")
_CATEGORIES: Mapping[str, str] = {
    "trauma trigger": "trauma_trigger",
    "physical constraint": "physical_constraint",
    "severe allergy": "severe_allergy",
    "severe allergie": "severe_allergy",
    "allergy": "severe_allergy",
    "severe phobia": "severe_phobia",
    "phobia": "severe_phobia",
}
_LOST_I = re.compile(r"(have|had|am|was|suffer|use|recently|cannot|can't)\b")
_WRONG_AN = re.compile(r"\b([Aa])n (?=[bcdfgjklmnpqrstvwz][a-z])")
_FIRST_PERSON = re.compile(r"\b(I|I['’]\w+|[Mm]y|[Mm]e)\b")


@dataclass(frozen=True)
class _Row:
    number: int
    cells: Mapping[str, str]


def use_cases(path: Path, findings: Findings) -> list[UseCase]:
    """The use cases of the spreadsheet, in its order. Raises OptionError if it has none or is another file."""
    found: list[UseCase] = []
    repeated = _Repeats(findings, path.name)
    for row in _read(path, findings):
        missing = [name for name in _NEEDED if not row.cells.get(name)]
        if missing:
            findings.leave_out(path.name, row.number, f"no {' and no '.join(missing)}")
        elif not repeated.whole_row(row):
            repeated.parts(row)
            try:
                found.append(UseCase.model_validate(_use_case(row, path.name, findings)))
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(str(part) for part in first["loc"])
                findings.leave_out(path.name, row.number, f"not usable: {where}: {first['msg']}")
    if not found:
        raise OptionError(f"{path} has no usable row")
    return found


def _read(path: Path, findings: Findings) -> list[_Row]:
    table = list(rows(path, findings))
    headings = [key(text) for text in table[0][1]] if table else []
    known = {key(heading): name for heading, name in _COLUMNS.items()}
    absent = [heading for heading in _COLUMNS if key(heading) not in headings]
    if absent:
        raise OptionError(
            f"{path} is not the reference's spreadsheet: its first row has no column {', '.join(map(repr, absent))}"
        )
    for heading in headings:
        if heading and heading not in known:
            findings.notice(path.name, table[0][0], f"a column that is not used: {heading!r}")
    names = [known.get(heading, "") for heading in headings]
    return [
        _Row(number, {name: text for name, text in zip(names, cells, strict=False) if name})
        for number, cells in table[1:]
    ]


class _Repeats:
    """What stands in the spreadsheet more than once."""

    def __init__(self, findings: Findings, source: str) -> None:
        self._findings = findings
        self._source = source
        self._rows: dict[tuple[str, ...], int] = {}
        self._parts: dict[tuple[str, str], int] = {}

    def whole_row(self, row: _Row) -> bool:
        content = tuple(key(row.cells.get(name, "")) for name in _COLUMNS.values())
        first = self._rows.setdefault(content, row.number)
        if first != row.number:
            self._findings.leave_out(self._source, row.number, f"the same as row {first}")
        return first != row.number

    def parts(self, row: _Row) -> None:
        for name in ("fact", "alone.leading"):
            if self._parts.setdefault((name, key(row.cells[name])), row.number) != row.number:
                self._findings.notice(self._source, row.number, f"{name}: stands in an earlier row too")


def _use_case(row: _Row, source: str, findings: Findings) -> dict[str, Any]:
    cells = dict(row.cells)

    def changed(name: str, what: str) -> None:
        findings.change(source, row.number, f"{name}: {what}")

    fact = cells["fact"]
    if _LOST_I.match(fact):
        fact = f"I {fact}"
        changed("fact", "its I was missing")
    if (mended := _WRONG_AN.sub(r"\1 ", fact)) != fact:
        fact = mended
        changed("fact", "an where a is meant")
    cells["fact"] = fact
    for name in ("fact", *_PEOPLE):
        text, added = sentence(cells.get(name, ""))
        if added:
            changed(name, FULL_STOP)
        cells[name] = text
    for name in _NEEDED[1:5]:
        if cells[name][-1] not in ".?!\"'”":
            cells[name] += "?"
            changed(name, "a missing question mark")
    if not _FIRST_PERSON.search(cells["fact"]):
        findings.notice(source, row.number, "fact: not in the first person")
    requests = [cells[name] for name in _NEEDED[1:5]]
    persons = _persons(row.number, cells, source, findings)
    category = _category(row.number, cells["category"], source, findings)
    return {
        # The number is the row's, so that an id stays the same when rows are added at the end.
        "id": f"curate-{row.number - 1:03d}-{slug(cells['fact']) or category.replace('_', '-')}",
        "category": category,
        "fact": cells["fact"],
        "mentions": mentions(cells["fact"], [*requests, *(person["wish"] for person in persons)]),
        "tags": ["curate"],
        "people": persons,
        "request": {
            "alone": {"plain": cells["alone.plain"], "leading": cells["alone.leading"]},
            "together": {"plain": cells["together.plain"], "leading": cells["together.leading"]},
        },
    }


def _persons(number: int, cells: Mapping[str, str], source: str, findings: Findings) -> list[dict[str, str]]:
    persons: list[dict[str, str]] = []
    for name in _PEOPLE:
        if not cells[name]:
            findings.notice(source, number, f"{name}: is missing, so that scenarios with all people do not apply")
            continue
        text = people.unglue(cells[name])
        if text != cells[name]:
            findings.change(source, number, f"{name}: two words were joined")
        parts = people.split(text)
        if parts is None:
            findings.leave_out(source, number, f"{name}: no verb found that tells who from wish; the row was kept")
            continue
        who = people.tell_apart(parts[0], [person["who"] for person in persons])
        if who != parts[0]:
            findings.change(source, number, f"{name}: the relation of an earlier column again, told apart")
        persons.append({"who": who, "wish": parts[1]})
    return persons


def _category(number: int, text: str, source: str, findings: Findings) -> str:
    name = key(text)
    for form in (name, name.removesuffix("s")):
        if form in _CATEGORIES:
            return _CATEGORIES[form]
    findings.notice(source, number, f"category: {text!r} is none of the reference's four")
    return re.sub(r"[^a-z0-9]+", "_", name).strip("_") or "other"


def by_category(found: Sequence[UseCase]) -> dict[str, list[UseCase]]:
    """Use cases by category, categories in order of first appearance."""
    categories: dict[str, list[UseCase]] = {}
    for use_case in found:
        categories.setdefault(use_case.category, []).append(use_case)
    return categories
