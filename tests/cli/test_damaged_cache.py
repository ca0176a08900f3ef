"""`personal-align cache` on a file that is damaged: one line that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align.cli import USAGE_ERROR
from tests.engine.enginekit import reference_plans, run
from tests.engine.test_reply_cache import options
from tests.engine.test_shared_prefixes import echo
from tests.fakeserver import FakeServer


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    with FakeServer(echo) as server:
        run(options(server, tmp_path), reference_plans(6))
    content = bytearray((tmp_path / "replies.sqlite").read_bytes())
    content[4 * 4096 : 5 * 4096] = b"Z" * 4096
    (tmp_path / "replies.sqlite").write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("arguments", [["cache"], ["cache", "prune", "--older-than", "0"]])
def test_it_is_said_in_one_line(personal_align: Callable[..., Any], damaged: Path, arguments: list[str]) -> None:
    before = (damaged / "replies.sqlite").read_bytes()
    ran = personal_align(*arguments, "--cache-dir", damaged)
    assert (ran.code, ran.out) == (USAGE_ERROR, "")
    (line,) = ran.err.splitlines()
    assert "database disk image is malformed" in line
    assert line.endswith("delete that file, or let the next run set it aside")
    assert (damaged / "replies.sqlite").read_bytes() == before


@pytest.mark.parametrize("arguments", [["cache"], ["cache", "prune", "--older-than", "0"]])
def test_a_damaged_description_of_the_table_too(
    personal_align: Callable[..., Any], damaged: Path, arguments: list[str]
) -> None:
    path = damaged / "replies.sqlite"
    path.write_bytes(path.read_bytes().replace(b"model text", b"model\xfe(ext", 1))
    ran = personal_align(*arguments, "--cache-dir", damaged)
    assert (ran.code, ran.out) == (USAGE_ERROR, "")
    assert ran.err.endswith("delete that file, or let the next run set it aside\n")
