"""CSV that no spreadsheet runs, JSONL that calibration reads."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_personal_align.core.record import RunRecord
from pytest_personal_align.report.export import COLUMNS, cell, render_csv, render_jsonl
from tests.report.payloads import PAYLOADS, everywhere
from tests.report.synthetic_record import make_record

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def _plain(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


@given(st.one_of(st.text(max_size=60), st.sampled_from(PAYLOADS), st.text("=+-@\t\r\n \"',;a1", max_size=12)))
def test_a_cell_is_read_back_and_is_no_formula(text: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([cell(text), "end"])
    ((found, end),) = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert end == "end"
    assert found in (_plain(text), "'" + _plain(text))
    assert not found.startswith(_RISKY)
    assert not found.lstrip().startswith(_RISKY)


def test_numbers_stay_numbers() -> None:
    assert [cell(value) for value in (-1.5, 3, True, False, None)] == ["-1.5", "3", "true", "false", ""]


def test_a_row_for_each_trial() -> None:
    record = make_record(20, arms=("a", "b"), trials=2)
    rows = list(csv.DictReader(io.StringIO(render_csv(record), newline="")))
    assert len(rows) == 80
    assert tuple(rows[0]) == COLUMNS
    assert {row["arm"] for row in rows} == {"a", "b"}
    assert rows[0]["reply"] == record.cases[0].trials[0].messages[-1].content


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_moves_a_cell(payload: str) -> None:
    record = RunRecord.model_validate(everywhere(make_record(5, seed=3).model_dump(mode="json"), payload))
    rows = list(csv.reader(io.StringIO(render_csv(record), newline="")))
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert len(rows) == 1 + sum(len(case.trials) for case in record.cases)
    assert not [value for row in rows for value in row if value.lstrip().startswith(_RISKY)]
    for line in render_jsonl(record).splitlines():
        assert json.loads(line)["fact"] == payload


def test_labelled_conversations_end_with_the_judged_reply() -> None:
    record = make_record(60, trials=2, fail_rate=0.3)
    lines = [json.loads(line) for line in render_jsonl(record).splitlines()]
    judged = sum(trial.outcome != "error" for case in record.cases for trial in case.trials)
    assert len(lines) == judged == len({line["id"] for line in lines})
    for line in lines:
        assert {"id", "category", "fact", "scenario", "messages", "labels"} <= line.keys()
        assert line["messages"][-1]["role"] == "assistant"
        assert set(line["labels"].values()) <= {"pass", "unclear", "fail"}
    assert {line.get("failure_mode") for line in lines if "fail" in line["labels"].values()} - {None}
