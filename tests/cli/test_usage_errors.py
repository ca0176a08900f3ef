"""Wrong usage ends with one line and code 4, a wrong case file with 2, as in pytest; nothing shows a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align import __version__
from pytest_personal_align.commands import suite

Run = Callable[..., Any]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["no-such-command"],
        ["suite", "--no-such-option"],
        ["import"],
        ["import", "curate"],
        ["import", "other", "x"],
        ["suite", "no/such/path"],
        ["suite", "builtin:nope"],
        ["schema"],
        ["schema", "nope"],
    ],
)
def test_one_line_and_code_4(personal_align: Run, arguments: list[str]) -> None:
    ran = personal_align(*arguments)

    assert ran.code == 4
    assert ran.out == ""
    assert ran.err.startswith("personal-align: error: ")
    assert ran.err.count("\n") == 1


def test_a_line_for_each_problem_of_a_file(personal_align: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("category: c\nuse_cases:\n  - {id: a}\n")
    ran = personal_align("suite", tmp_path / "bad.yaml")

    assert ran.code == 2
    lines = ran.err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"personal-align: error: {tmp_path / 'bad.yaml'}:3: use_cases[0].") for line in lines)


def test_escape_sequences_of_a_file_do_not_reach_the_terminal(personal_align: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text('use_cases: []\n"\\e[2J\\nx": 1\n')
    ran = personal_align("suite", tmp_path / "bad.yaml")

    assert ran.code == 2
    assert "\x1b" not in ran.err


def test_a_file_that_cannot_be_written(personal_align: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = personal_align("schema", "--out", tmp_path / "file")

    assert ran.code == 4
    assert ran.err.count("\n") == 1


def test_an_interrupt(personal_align: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(suite, "run", interrupt)
    assert personal_align("suite").code == 130


def test_version(personal_align: Run) -> None:
    assert personal_align("--version").out == f"personal-align {__version__}\n"


@pytest.mark.skipif(os.name != "posix", reason="closes a pipe as a POSIX shell does")
def test_a_reader_that_goes_away() -> None:
    command = [sys.executable, "-m", "pytest_personal_align.cli", "schema", "record"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
    assert process.returncode in (0, 1)


def test_help_is_quick_and_imports_little() -> None:
    code = (
        "import sys; from pytest_personal_align.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('pydantic', 'yaml', 'jinja2', 'litellm', 'aiohttp', 'openpyxl', 'pytest')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"
    for command in ("import", "init", "schema", "suite"):
        assert f"\n    {command} " in done.stdout
