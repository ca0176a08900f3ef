"""Running `personal-align` in this process, and writing small workbooks."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_personal_align import cli
from tests.cli.curatekit import HEADINGS, ROW, SMALL_TALK, STRANGERS, TRIVIA


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def personal_align(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def run(*arguments: object) -> Ran:
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[..., Path]:
    openpyxl = pytest.importorskip("openpyxl")

    def make(name: str, rows: Sequence[Sequence[object]]) -> Path:
        book = openpyxl.Workbook()
        for cells in rows:
            book.active.append(list(cells))
        path = tmp_path / name
        book.save(path)
        return path

    return make


@pytest.fixture
def reference(workbook: Callable[..., Path]) -> Callable[..., Path]:
    """A spreadsheet of use cases with the three distractor files beside it."""

    def make(*rows: Sequence[object], talk: bool = True) -> Path:
        if talk:
            for name, texts in (("trivia", TRIVIA), ("facts", SMALL_TALK), ("prefs", STRANGERS)):
                workbook(f"{name}.xlsx", [[text] for text in texts])
        return workbook("inputs.xlsx", [HEADINGS, *(rows or [ROW])])

    return make


@pytest.fixture
def real_reference() -> Path:
    """The folder of the user's own copy of the benchmark."""
    folder = os.environ.get("PERSONAL_ALIGN_REFERENCE")
    if not folder:
        pytest.skip("set PERSONAL_ALIGN_REFERENCE to the folder of your copy of the CURATe spreadsheets")
    return Path(folder)
