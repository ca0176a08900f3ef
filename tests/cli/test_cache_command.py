"""`personal-align cache`: what is kept, and pruning it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.enginekit import plan, run
from tests.engine.test_reply_cache import options
from tests.fakeserver import FakeServer

Run = Callable[..., Any]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    with FakeServer("The same.") as server:
        run(options(server, tmp_path), [plan("Hi", "May I?"), plan("Ho")])
    return tmp_path


def test_size_and_prune(personal_align: Run, kept: Path) -> None:
    ran = personal_align("cache", "--cache-dir", kept)
    assert ran.code == 0, ran.err
    assert "3 replies, " in ran.out
    assert ran.out.splitlines()[-1].split() == ["3", "x"]
    ran = personal_align("cache", "prune", "--older-than", "7", "--cache-dir", kept)
    assert ran.out.splitlines()[0] == "deleted 0 replies"
    ran = personal_align("cache", "prune", "--older-than", "-1", "--cache-dir", kept)
    assert (ran.code, "out of range" in ran.err) == (4, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cache"], "there is no cache at"),
        (["cache", "prune"], "--older-than DAYS"),
        (["cache", "--older-than", "3"], "cache prune"),
    ],
)
def test_what_cannot_be_done_is_said(
    personal_align: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = personal_align(*arguments)
    assert ran.code == 4
    assert said in ran.err
    assert not list(tmp_path.iterdir())
