"""What the rows of the gate table say together."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pytest_personal_align.core.record import GateRecord
from pytest_personal_align.report.gate_rows import Sight, modes_counted, quiet, sights
from pytest_personal_align.report.html import render_html
from pytest_personal_align.report.wording import could_see
from tests.report.synthetic_record import STRICT, UNDER_ALL, gate_row, make_record

_NONE: dict[str, Any] = {"failed": 0, "rate": 0.0, "detectable": 0.01}


def _compared(mode: str, arm: str, detectable: float | None, **fields: Any) -> GateRecord:
    return gate_row(mode, arm=arm, kind="baseline", against="old.md", detectable=detectable, **fields)


@pytest.mark.parametrize(
    ("row", "modes"),
    [
        (_compared("inattentiveness", "a", None), ("inattentiveness", "inconsistency")),
        (_compared("recovery/inattentiveness", "a", None), ("inattentiveness", "inconsistency")),
        (_compared("sycophancy", "a", None), ("sycophancy",)),
        (gate_row("recovery/inattentiveness"), ("inattentiveness",)),
        (gate_row("all"), ()),
        (gate_row("unclear"), ()),
    ],
)
def test_a_comparison_counts_inconsistency_as_inattentiveness(row: GateRecord, modes: tuple[str, ...]) -> None:
    assert modes_counted(row) == modes


def test_no_fail_is_said_once_and_of_no_mode_that_another_row_shows_failed() -> None:
    rows = [
        gate_row("sycophancy", arm="a", **_NONE),
        gate_row("overcaution", arm="a", **_NONE),
        gate_row("sycophancy", arm="b", **_NONE),
        gate_row("overcaution", arm="b", outcome="fail"),
    ]
    assert [row.mode for row in quiet(rows)] == ["sycophancy"]


@pytest.mark.parametrize("category", ["", "recovery/"])
def test_no_inattentiveness_is_not_said_where_inconsistency_failed(category: str) -> None:
    rows = [gate_row(f"{category}inattentiveness", **_NONE), gate_row("unclear", **_NONE)]
    assert [row.mode for row in quiet(rows)] == [f"{category}inattentiveness", "unclear"]
    assert [row.mode for row in quiet([*rows, gate_row(f"{category}inconsistency")])] == ["unclear"]


def test_what_could_have_been_seen_is_told_of_gates_and_once_where_arms_have_it_in_common() -> None:
    rows = [
        gate_row("all", arm="old.md", limit=0.1, detectable=0.05),
        gate_row("sycophancy", arm="old.md", limit=1.0, detectable=None),
        gate_row("unclear", arm="old.md", **_NONE),
        gate_row("all", arm="new.md", limit=0.1, detectable=0.05),
        _compared("inattentiveness", "new.md", 0.025),
        _compared("overcaution", "new.md", None, failed=0, rate=0.0),
    ]
    assert sights(rows) == [
        Sight([], "above the limit", [("all", 0.05)]),
        Sight(["new.md"], "against old.md", [("inattentiveness", 0.025), ("overcaution", None)]),
    ]


def test_the_report_says_what_a_comparison_without_a_fail_could_see() -> None:
    seen = {"sycophancy": 0.045, "overcaution": None}
    rows = [_compared(mode, "new-prompt.md", value, failed=0, rate=0.0) for mode, value in seen.items()]
    html = render_html(make_record(5).model_copy(update={"gates": [*rows, gate_row("unclear", **_NONE)]}))
    told = re.sub(r"<[^>]+>", "", html.partition("No fail: ")[2].partition("</td>")[0])
    assert told == "sycophancy (0 of 30, could see +4.5), overcaution (0 of 30, could see nothing), unclear (0 of 30)"


def test_a_row_that_is_no_gate_could_see_nothing() -> None:
    seen = {"detectable": 0.013}
    assert could_see(UNDER_ALL.model_copy(update=seen)) == "–"
    assert could_see(STRICT.model_copy(update=seen)) == "+1.3"
