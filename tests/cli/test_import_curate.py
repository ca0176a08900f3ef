"""`personal-align import curate`: a spreadsheet becomes a suite that loads and renders."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align.core.suite_files import load_distractors
from pytest_personal_align.core.yamlfile import read
from tests.cli.curatekit import ROW, STRANGERS, TRIVIA, only_use_case, placed_in, row

Run = Callable[..., Any]
Make = Callable[..., Path]


def test_a_row_becomes_a_use_case(personal_align: Run, reference: Make, tmp_path: Path) -> None:
    ran = personal_align("import", "curate", reference(), "--out", tmp_path / "suite")

    assert ran.code == 0, ran.err
    case = only_use_case(tmp_path / "suite")
    assert case.id == "curate-001-severe-pistachio-allergy"
    assert case.category == "severe_allergy"
    assert case.fact == "I have a severe pistachio allergy."
    assert (case.request.alone.plain, case.request.alone.leading) == (ROW[4], ROW[5])
    assert (case.request.together.plain, case.request.together.leading) == (ROW[6], ROW[7])
    assert [(person.who, person.wish.split()[0]) for person in case.people] == [
        ("my neighbour", "enjoys"),
        ("my cousin", "absolutely"),
        ("my aunt", "has"),
    ]
    assert {"pistachio", "allerg"} <= set(case.mentions)
    assert case.tags == ("curate",)
    assert case.control is None
    assert case.hazard is None


def test_a_file_per_category(personal_align: Run, reference: Make, tmp_path: Path) -> None:
    categories = ["Trauma triggers", "Physical constraint", "Severe allergy", "Severe phobia"]
    table = [row(category=name, fact=f"I have the trait {number}") for number, name in enumerate(categories)]
    personal_align("import", "curate", reference(*table), "--out", tmp_path / "suite")

    names = {path.stem for path in (tmp_path / "suite").glob("*.yaml")}
    assert names == {"trauma_trigger", "physical_constraint", "severe_allergy", "severe_phobia", "distractors"}


def test_it_says_how_many_cases_there_are(personal_align: Run, reference: Make, tmp_path: Path) -> None:
    table = [row(), row(fact="I am allergic to walnuts.")]
    ran = personal_align("import", "curate", reference(*table), "--out", tmp_path / "suite")

    assert "2 use cases: severe_allergy 2" in ran.out
    assert "10 cases with the 5 reference scenarios" in ran.out


def test_its_own_distractors_are_used(personal_align: Run, reference: Make, tmp_path: Path) -> None:
    personal_align("import", "curate", reference(), "--out", tmp_path / "suite")

    talk = load_distractors(tmp_path / "suite" / "distractors.yaml")
    assert talk.trivia == tuple(TRIVIA)
    assert talk.strangers == tuple(STRANGERS)
    assert set(talk.avoid) == {"severe_allergy"}


def test_distractors_from_elsewhere(personal_align: Run, reference: Make, workbook: Make, tmp_path: Path) -> None:
    elsewhere = workbook("other.xlsx", [[f"How much is {number} and {number}?"] for number in range(35)])
    personal_align("import", "curate", reference(), "--out", tmp_path / "suite", "--trivia", elsewhere)

    assert len(load_distractors(tmp_path / "suite" / "distractors.yaml").trivia) == 35


def test_without_distractor_files_the_shipped_ones_apply(personal_align: Run, reference: Make, tmp_path: Path) -> None:
    ran = personal_align("import", "curate", reference(talk=False), "--out", tmp_path / "suite")

    assert ran.code == 0
    assert not (tmp_path / "suite" / "distractors.yaml").exists()
    assert "the shipped ones will be used" in ran.out


def test_ids_stay_when_rows_are_added(personal_align: Run, reference: Make, tmp_path: Path) -> None:
    first, blank, last = row(), ("",) * 9, row(fact="I am allergic to walnuts")
    personal_align("import", "curate", reference(first, blank, last), "--out", tmp_path / "one")
    personal_align("import", "curate", reference(first, blank, last, row(plain="May I?")), "--out", tmp_path / "two")

    one = [placed.use_case.id for placed in placed_in(tmp_path / "one")]
    two = [placed.use_case.id for placed in placed_in(tmp_path / "two")]
    assert one == ["curate-001-severe-pistachio-allergy", "curate-003-allergic-walnuts"]
    assert two[:2] == one
    assert len(two) == 3


def test_editors_find_the_schema(personal_align: Run, reference: Make, tmp_path: Path) -> None:
    out = tmp_path / "suite"
    personal_align("import", "curate", reference(), "--out", out)

    for path in out.glob("*.yaml"):
        header = path.read_text(encoding="utf-8").splitlines()[0]
        assert (out / header.partition("$schema=")[2]).is_file()


def test_a_full_folder_is_left_alone(personal_align: Run, reference: Make, tmp_path: Path) -> None:
    out = tmp_path / "suite"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    ran = personal_align("import", "curate", reference(), "--out", out)

    assert ran.code == 4
    assert ran.err.count("\n") == 1
    assert "is not empty" in ran.err
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_force_replaces_an_earlier_import_only(personal_align: Run, reference: Make, tmp_path: Path) -> None:
    out = tmp_path / "suite"
    personal_align("import", "curate", reference(row(category="Severe phobia")), "--out", out)
    (out / "own.yaml").write_text("# kept\n")
    ran = personal_align(
        "import", "curate", reference(row()), "--out", out, "--force", "--trivia", tmp_path / "no.xlsx"
    )
    assert ran.code == 4
    assert (out / "severe_phobia.yaml").exists(), "a failed import must not touch the earlier one"

    (out / "own.yaml").write_text((out / "severe_phobia.yaml").read_text().replace("Written by", "Not by"))
    ran = personal_align("import", "curate", reference(row()), "--out", out, "--force")
    assert not (out / "severe_phobia.yaml").exists()
    assert (out / "own.yaml").exists()
    assert ran.code == 2, "the user's own file repeats an id of the import, and that is said"
    assert "ids must be unique" in ran.err


@pytest.mark.parametrize(
    ("name", "said"),
    [("nothing.xlsx", "cannot be read"), ("text.xlsx", "is not an .xlsx workbook"), ("text.ods", "is not an .xlsx")],
)
def test_not_a_workbook(personal_align: Run, tmp_path: Path, name: str, said: str) -> None:
    if not name.startswith("nothing"):
        (tmp_path / name).write_text("not a workbook")
    ran = personal_align("import", "curate", tmp_path / name, "--out", tmp_path / "suite")

    assert ran.code == 4
    assert ran.err.startswith("personal-align: error: ")
    assert ran.err.count("\n") == 1
    assert said in ran.err


def test_another_spreadsheet(personal_align: Run, workbook: Make, tmp_path: Path) -> None:
    ran = personal_align("import", "curate", workbook("x.xlsx", [["name", "age"], ["A", 3]]), "--out", tmp_path / "s")

    assert ran.code == 4
    assert "is not the reference's spreadsheet" in ran.err
    assert not (tmp_path / "s").exists()


def test_without_openpyxl(personal_align: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    (tmp_path / "x.xlsx").write_bytes(b"")
    ran = personal_align("import", "curate", tmp_path / "x.xlsx", "--out", tmp_path / "suite")

    assert ran.code == 4
    assert "pip install 'pytest-personal-align[curate]'" in ran.err


def test_the_real_one(personal_align: Run, real_reference: Path, tmp_path: Path) -> None:
    out = tmp_path / "suite"
    ran = personal_align("import", "curate", real_reference / "inputs.xlsx", "--out", out)

    assert ran.code == 0, ran.err
    placed = placed_in(out)
    assert len(placed) == len({one.use_case.id for one in placed}) == 336
    assert all(len(one.use_case.people) == 3 for one in placed)
    assert "1,680 cases with the 5 reference scenarios; each was rendered once" in ran.out
    for path in out.glob("*.yaml"):
        read(path)
