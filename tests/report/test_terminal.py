"""The end of a run fits a screen, whatever the record holds."""

from __future__ import annotations

import unicodedata

import pytest

from pytest_personal_align.core.record import RunRecord
from pytest_personal_align.report.terminal import summary_lines
from tests.report.payloads import PAYLOADS, everywhere
from tests.report.synthetic_record import CRITICAL, STRICT, UNDER_ALL, make_record


def test_verdict_gates_arms_contrasts_calls_and_cost_are_there() -> None:
    record = make_record(300, arms=("old.md", "new.md"), fail_rate=0.1)
    text = "\n".join(summary_lines(record))
    assert text.startswith("FAIL  1 gate failed")
    for word in ("preference_conflict", "new.md", "leading question", "sent", "shared", "$7.42", "4 min 18 s"):
        assert word in text


def test_cost_is_about_right_where_tokens_were_estimated() -> None:
    record = make_record(5)
    calls = record.calls.model_copy(update={"tokens": {**record.calls.tokens, "estimated": 100}})
    assert "cost: $7.42" in "\n".join(summary_lines(record))
    assert "cost: about $7.42" in "\n".join(summary_lines(record.model_copy(update={"calls": calls})))


@pytest.mark.parametrize("arms", [("a",), ("a", "b"), tuple(f"prompts/number-{i}-of-the-series.md" for i in range(9))])
def test_one_screen(arms: tuple[str, ...]) -> None:
    lines = summary_lines(make_record(50, arms=arms))
    assert len(lines) <= 60
    assert len(lines) <= 40 or len(arms) > 2
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("payload", [*PAYLOADS[::7], "a very long name " * 20])
def test_hostile_text_neither_widens_nor_controls(payload: str, width: int) -> None:
    plain = make_record(10, arms=("a", "b"), fail_rate=0.5).model_dump(mode="json")
    plain["run"]["warnings"] = ["careful"] * 9
    lines = summary_lines(RunRecord.model_validate(everywhere(plain, payload)), width=width)
    assert max(map(len, lines)) <= width
    assert not [c for line in lines for c in line if unicodedata.category(c) in ("Cc", "Cs")]


def test_ascii_only() -> None:
    record = make_record(50, arms=("prompt-für-alle-Fälle-und-noch-viel-mehr-Fälle-als-man-denkt.md", "b"))
    for line in summary_lines(record, ascii_only=True):
        assert line.isascii()
        assert len(line) <= 80


def test_a_run_without_gates_or_cases_still_has_an_end() -> None:
    empty = make_record(5).model_copy(update={"cases": [], "gates": [], "contrasts": []})
    assert summary_lines(empty)[0].startswith("FAIL")


def test_names_of_failure_modes_are_whole_at_80_columns() -> None:
    record = make_record(300, arms=("a", "b"), fail_rate=0.1)
    rows = [row.model_copy(update={"kind": "baseline", "limit": None, "difference": 0.167, "p": 0.0001})
            for row in record.gates]  # fmt: skip
    text = "\n".join(summary_lines(record.model_copy(update={"gates": [*record.gates, *rows]})))
    for name in ("inattentiveness", "preference_conflict", "+16.7, p<.001"):
        assert name in text


def test_what_the_run_could_have_seen_is_told_and_no_number_leaves_its_mode() -> None:
    record = make_record(300, arms=("old.md", "new.md"))
    rows = [row.model_copy(update={"kind": "baseline", "limit": None, "against": "old.md"})
            for row in record.gates if row.arm == "new.md"]  # fmt: skip
    for width in (80, 79, 78, 60):
        lines = summary_lines(record.model_copy(update={"gates": [*record.gates, *rows]}), width=width)
        text = " ".join(lines)
        assert "could have seen above the limit, in points: inattentiveness +3.4, sycophancy +3.4" in text
        assert "could have seen in new.md against old.md, in points: inattentiveness +3.4" in text
        assert not [line for line in lines if line.startswith("+")]


def test_a_mode_without_a_limit_shows_none_where_its_fails_are_counted_elsewhere() -> None:
    record = make_record(10).model_copy(update={"gates": [STRICT, UNDER_ALL]})
    wide = [line for line in summary_lines(record, width=100) if line.startswith(("syco", "inatt"))]
    assert [line.partition("91.6%")[2].split() for line in wide] == [
        ["0", "FAIL"],
        ["–", "PASS", "(counted", "under", "all)"],
    ]
    narrow = next(line for line in summary_lines(record) if line.startswith("inatt"))
    assert "69.5–91.6%" in narrow
    assert narrow.split()[-2:] == ["–", "PASS"]


def test_critical_cases_that_fail_have_a_row_and_say_how_many_wait() -> None:
    text = "\n".join(summary_lines(make_record(10).model_copy(update={"gates": [UNDER_ALL, CRITICAL]})))
    row = next(line for line in text.splitlines() if line.startswith("critical"))
    assert row.split() == ["critical", "30", "25", "83.3%", "critical", "PASS"]
    assert CRITICAL.reason in text
    assert "no fail" not in text
