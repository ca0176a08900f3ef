"""`personal-align report`: from the record alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align.commands.report import FORMATS
from pytest_personal_align.core.record import RunInfo, RunRecord, write
from tests.report.synthetic_record import make_record

Run = Callable[..., Any]


@pytest.fixture
def record(tmp_path: Path) -> Path:
    info = RunInfo(
        id="r1", started="2026-01-02T03:04:05+00:00", command=["pytest"], versions={}, seed=0, verdict="pass"
    )
    head = RunRecord.model_validate(
        {
            "run": info,
            "arms": [{"name": "demo/attentive", "model": "demo/attentive"}],
            "judge": {"name": "rules", "version": "1"},
        }
    )
    write(tmp_path / "run.json", head, [])
    return tmp_path / "run.json"


@pytest.mark.parametrize("name", FORMATS)
def test_printed_and_written_alike(personal_align: Run, record: Path, tmp_path: Path, name: str) -> None:
    printed = personal_align("report", record, "--format", name)
    written = personal_align("report", record, "--format", name, "--out", tmp_path / "out" / "report")

    assert (printed.code, written.code) == (0, 0), printed.err
    assert printed.out or name == "jsonl"  # a record without cases holds no conversation
    assert (tmp_path / "out" / "report").read_bytes().decode() == printed.out


def test_a_baseline_is_shown_side_by_side(personal_align: Run, tmp_path: Path) -> None:
    now, before = make_record(20, fail_rate=0.5, seed=1), make_record(20, fail_rate=0.1, seed=2)
    for name, made in (("now.json", now), ("before.json", before)):
        (tmp_path / name).write_text(made.model_dump_json())
    alone = personal_align("report", tmp_path / "now.json")
    beside = personal_align("report", tmp_path / "now.json", "--baseline", tmp_path / "before.json")
    assert (alone.code, beside.code) == (0, 0), beside.err
    assert "<del>" in beside.out
    assert "<del>" not in alone.out
    table = personal_align("report", tmp_path / "now.json", "--baseline", tmp_path / "before.json", "--format", "csv")
    assert table.code == 4
    assert "html and markdown" in table.err
    missing = personal_align("report", tmp_path / "now.json", "--baseline", tmp_path / "gone.json")
    assert missing.code == 4
    assert "report --baseline" in missing.err


def test_html_is_the_default(personal_align: Run, record: Path) -> None:
    assert personal_align("report", record).out.lower().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("text", "said"), [(None, "cannot be read"), ("[", "is not JSON"), ("{}", "no schema_version")]
)
def test_not_a_record(personal_align: Run, tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "x.json"
    if text is not None:
        path.write_text(text)
    ran = personal_align("report", path)

    assert ran.code == 4
    assert said in ran.err
    assert ran.err.count("\n") == 1
