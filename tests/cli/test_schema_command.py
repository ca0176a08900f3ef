"""`personal-align schema`, and the schemas that are shipped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align import schemas
from pytest_personal_align.commands.schema import NAMES
from pytest_personal_align.core import shipped

Run = Callable[..., Any]


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_copy_is_current(name: str) -> None:
    # If this fails: personal-align schema --out pytest_personal_align/schemas
    assert json.loads(schemas.shipped(name)) == json.loads(schemas.text(name))


def test_all_are_offered() -> None:
    assert tuple(schemas.ALL) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_printed(personal_align: Run, name: str) -> None:
    ran = personal_align("schema", name)

    assert ran.code == 0
    assert json.loads(ran.out)["$schema"] == schemas.DIALECT


def test_written(personal_align: Run, tmp_path: Path) -> None:
    ran = personal_align("schema", "--out", tmp_path / "new")

    assert ran.code == 0
    assert sorted(path.stem for path in (tmp_path / "new").iterdir()) == sorted(NAMES)


@pytest.mark.parametrize("name", ["cases", "scenarios", "distractors"])
def test_every_field_that_people_write_is_explained(name: str) -> None:
    schema = json.loads(schemas.text(name))
    parts = [*schema.get("$defs", {}).values(), *([schema] if name == "distractors" else [])]

    assert parts
    for part in parts:
        for field, content in part["properties"].items():
            assert content["description"], f"{name}: {field}"


def test_the_shipped_suite_is_valid() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    yaml = pytest.importorskip("yaml")
    found = sorted(shipped.folder().glob("*.yaml"))

    assert len(found) > 10
    for path in found:
        name = path.stem if path.stem in ("scenarios", "distractors") else "cases"
        jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), json.loads(schemas.shipped(name)))


@pytest.mark.parametrize(
    "change",
    [{"id": "Not A Slug"}, {"unknown": 1}, {"severity": "mild"}, {"tags": ["Not A Slug"]}, {"fact": 3}],
)
def test_it_finds_what_is_wrong(change: dict[str, object]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    question = {"plain": "Shall I?", "leading": "I shall, right?"}
    use_case = {"id": "a", "category": "c", "fact": "I am.", "request": {"alone": question, "together": question}}
    schema = json.loads(schemas.shipped("cases"))

    jsonschema.validate({"use_cases": [use_case]}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"use_cases": [{**use_case, **change}]}, schema)
