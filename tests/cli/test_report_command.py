"""`personal-align report`: from the record alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align.commands.report import FORMATS
from pytest_personal_align.core.record import RunInfo, RunRecord, write

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

    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1
