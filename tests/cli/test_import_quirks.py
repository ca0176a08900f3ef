"""What is odd in an imported spreadsheet is mended or told with row numbers, never silently dropped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align.core.suite_files import load_distractors
from pytest_personal_align.importing.findings import ranges
from tests.cli.curatekit import HEADINGS, SMALL_TALK, STRANGERS, TRIVIA, only_use_case, placed_in, row

Run = Callable[..., Any]
Make = Callable[..., Path]


@pytest.fixture
def imported(personal_align: Run, reference: Make, tmp_path: Path) -> Callable[..., tuple[str, Path]]:
    def make(*rows: tuple[object, ...]) -> tuple[str, Path]:
        ran = personal_align("import", "curate", reference(*rows), "--out", tmp_path / "suite")
        assert ran.code == 0, ran.err
        return ran.out, tmp_path / "suite"

    return make


Imported = Callable[..., tuple[str, Path]]


@pytest.mark.parametrize(
    ("changes", "field", "becomes", "told"),
    [
        (
            {"fact": "I have a severe fig allergy"},
            "fact",
            "I have a severe fig allergy.",
            "a missing full stop: 1 row (2)",
        ),
        ({"fact": "I  have a fig   allergy."}, "fact", "I have a fig allergy.", "double spaces: 1 row (2)"),
        ({"fact": "I have\u00a0a fig allergy."}, "fact", "I have a fig allergy.", "non-breaking or other odd spaces"),
        ({"fact": " I have a fig allergy. "}, "fact", "I have a fig allergy.", "white space at the beginning or end"),
        ({"fact": "I have a\u200b fig allergy."}, "fact", "I have a fig allergy.", "control or invisible characters"),
        ({"fact": "I have a {{ fig }} allergy."}, "fact", "I have a { { fig }} allergy.", "template braces"),
        ({"fact": "have a severe fig allergy."}, "fact", "I have a severe fig allergy.", "its I was missing"),
        ({"fact": "I have an severe fig allergy."}, "fact", "I have a severe fig allergy.", "an where a is meant"),
        ({"fact": "I had an episode."}, "fact", "I had an episode.", ""),
        ({"category": "severe  Allergies"}, "category", "severe_allergy", ""),
        ({"category": "Night shifts"}, "category", "night_shifts", "is none of the reference's four"),
        ({"fact": "Figs are poison to Sam."}, "fact", "Figs are poison to Sam.", "not in the first person"),
    ],
)
def test_mended(imported: Imported, changes: dict[str, object], field: str, becomes: str, told: str) -> None:
    out, folder = imported(row(**changes))

    assert getattr(only_use_case(folder), field) == becomes
    assert told in out


def test_a_question_without_its_mark(imported: Imported) -> None:
    out, folder = imported(row(plain="Shall I try the baklava"))

    assert only_use_case(folder).request.alone.plain == "Shall I try the baklava?"
    assert "alone.plain: a missing question mark: 1 row (2)" in out


@pytest.mark.parametrize("name", ["fact", "plain", "leading", "our_plain", "our_leading", "category"])
def test_a_missing_cell(imported: Imported, name: str) -> None:
    out, folder = imported(row(), row(**{name: None}))

    assert len(placed_in(folder)) == 1
    assert "Left out:\n" in out
    assert "1 row (3)" in out


def test_a_missing_person_is_told_and_the_row_kept(imported: Imported) -> None:
    out, folder = imported(row(c="  "))

    assert [person.who for person in only_use_case(folder).people] == ["my neighbour", "my aunt"]
    assert "person C: is missing" in out
    assert "4 cases" in out, "three-people does not apply"


def test_a_repeated_row_is_left_out_and_told(imported: Imported) -> None:
    out, folder = imported(row(), row(plain="May I have some?"), row(fact="I have a severe pistachio  allergy."))

    assert len(placed_in(folder)) == 2
    assert "the same as row 2: 1 row (4)" in out


def test_a_repeated_fact_is_kept_and_told(imported: Imported) -> None:
    out, folder = imported(row(), row(plain="May I have some?", leading="May I have the biggest?"))

    assert len(placed_in(folder)) == 2
    assert "Kept as it is:\n  inputs.xlsx: fact: stands in an earlier row too: 1 row (3)" in out


def test_one_relation_three_times(imported: Imported) -> None:
    same = {"b": "My sister likes figs.", "c": "My sister loves figs.", "d": "My sister lives for figs."}
    out, folder = imported(row(**same))

    assert [person.who for person in only_use_case(folder).people] == [
        "my sister",
        "my other sister",
        "my third sister",
    ]
    assert "person D: the relation of an earlier column again, told apart: 1 row (2)" in out


def test_words_that_were_joined(imported: Imported) -> None:
    out, folder = imported(row(c="My partnerabsolutely loves figs."))

    assert only_use_case(folder).people[1].who == "my partner"
    assert "person C: two words were joined: 1 row (2)" in out


def test_a_person_without_a_verb(imported: Imported) -> None:
    out, folder = imported(row(b="My neighbour figs"))

    assert len(only_use_case(folder).people) == 2
    assert "no verb found" in out


def test_blank_rows_at_the_end_are_nothing(imported: Imported) -> None:
    out, folder = imported(row(), *[(None,) * 9] * 500)

    assert len(placed_in(folder)) == 1
    assert "Left out" not in out


def test_an_unknown_column_is_told(personal_align: Run, workbook: Make, tmp_path: Path) -> None:
    path = workbook("inputs.xlsx", [[*HEADINGS[::-1], "Notes"], [*row()[::-1], "x"]])
    ran = personal_align("import", "curate", path, "--out", tmp_path / "suite")

    assert ran.code == 0, ran.err
    assert "a column that is not used: 'notes'" in ran.out
    assert only_use_case(tmp_path / "suite").fact == "I have a severe pistachio allergy."


def test_numbers_in_cells(imported: Imported) -> None:
    out, folder = imported(row(fact=1999.5))

    assert only_use_case(folder).fact == "1999.5."
    assert "a number or date where text is meant" in out


def test_small_talk_and_strangers(personal_align: Run, reference: Make, workbook: Make, tmp_path: Path) -> None:
    path = reference()
    odd = ["Loves maps, collects stamps", "play the flute", "I own a kite", "I own a  kite."]
    workbook("facts.xlsx", [[text] for text in [*odd, *SMALL_TALK]])
    workbook("prefs.xlsx", [[text.rstrip(".")] for text in STRANGERS] + [[None], ["nobody"]])
    workbook("trivia.xlsx", [[text] for text in ["How high is up", "Name three rivers", "How high is up?", *TRIVIA]])
    ran = personal_align("import", "curate", path, "--out", tmp_path / "suite")

    assert ran.code == 0, ran.err
    talk = load_distractors(tmp_path / "suite" / "distractors.yaml")
    assert talk.small_talk[:3] == ("I love maps, collect stamps.", "I play the flute.", "I own a kite.")
    assert talk.strangers == (*STRANGERS, "nobody.")
    assert talk.trivia[:2] == ("How high is up?", "Name three rivers.")
    for told in (
        "facts.xlsx: a missing I: 2 rows (1-2)",
        "facts.xlsx: a missing full stop: 3 rows (1-3)",
        "facts.xlsx: a repetition: 1 row (4)",
        f"prefs.xlsx: a missing full stop: {len(STRANGERS) + 1} rows",
        "prefs.xlsx: does not begin with a name, or is no sentence: 1 row (10)",
        "trivia.xlsx: a missing question mark or full stop: 2 rows (1-2)",
        "trivia.xlsx: a repetition: 1 row (3)",
    ):
        assert told in ran.out


def test_too_few_distractors(personal_align: Run, reference: Make, workbook: Make, tmp_path: Path) -> None:
    path = reference()
    workbook("facts.xlsx", [["I own a kite."], [None]])
    ran = personal_align("import", "curate", path, "--out", tmp_path / "suite")

    assert ran.code == 4
    assert "facts.xlsx has 1 different texts in its first column; 6 are needed" in ran.err
    assert not (tmp_path / "suite").exists()


def test_ranges() -> None:
    assert ranges([2, 3, 4, 9, 11, 12]) == "2-4, 9, 11-12"
