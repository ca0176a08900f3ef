"""`personal-align init`: a starter that is right, and that overwrites nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align.importing.folder import SCHEMAS
from tests.cli.curatekit import placed_in

Run = Callable[..., Any]


def test_the_starter_loads_and_passes_its_own_checks(personal_align: Run, tmp_path: Path) -> None:
    assert personal_align("init", tmp_path / "project").code == 0
    placed = placed_in(tmp_path / "project" / "cases")

    assert len(placed) == 2
    assert all(one.use_case.control for one in placed)
    assert personal_align("suite", "--check", tmp_path / "project" / "cases").code == 0


def test_editors_find_the_schema(personal_align: Run, tmp_path: Path) -> None:
    personal_align("init", tmp_path)
    header = (tmp_path / "cases" / "example.yaml").read_text(encoding="utf-8").splitlines()[0]

    assert header == f"# yaml-language-server: $schema={SCHEMAS}/cases.json"
    assert (tmp_path / "cases" / SCHEMAS / "cases.json").is_file()


def test_nothing_is_overwritten(personal_align: Run, tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "example.yaml").write_text("mine")
    ran = personal_align("init", tmp_path)

    assert ran.code == 4
    assert "exists already" in ran.err
    assert (tmp_path / "cases" / "example.yaml").read_text() == "mine"
    assert not (tmp_path / "cases" / SCHEMAS).exists()


def test_what_it_prints_for_the_ini_file_works(
    personal_align: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = personal_align("init", pytester.path)
    ini = ran.out.partition("    [pytest]\n")[2]
    lines = [line.removeprefix("    ") for line in ini.splitlines()]
    pytester.makefile(".ini", pytest="\n".join(["[pytest]", *lines]))
    done = pytester.runpytest_subprocess("--pa-model=demo/attentive", "--collect-only", "-q")

    assert done.ret == 0
    done.stdout.fnmatch_lines(["cases/example.yaml::potluck-romesco[[]alone]", "*12 tests collected*"])
