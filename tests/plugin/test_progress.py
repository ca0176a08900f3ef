"""While items wait, a line now and then says how far the run is; with ``-q`` none does."""

from __future__ import annotations

import re

import pytest

BOT = """
import time

def reply(messages):
    time.sleep(0.25)
    return "I would not: you told me that you have a severe peanut allergy and that heights make you faint."
"""

RUN = ("--pa-model=python:bot:reply", "--pa-concurrency=1", "--pa-threshold=all=1")
LINE = re.compile(
    r"personal-align: (\d+)/12 conversations, (\d+) under way, (\d+) fails?, "
    r"(\d+) calls(?: \((\d+) shared\))?(, about \d+ (?:s|min) left)?$",
    re.MULTILINE,
)


@pytest.fixture
def slow(project: pytest.Pytester) -> pytest.Pytester:
    """A run of some seconds, with a line each half second instead of each half minute."""
    project.path.joinpath("bot.py").write_text(BOT)
    project.makeini("[pytest]\npythonpath = .\n")
    project.makeconftest(
        """
        import pytest_personal_align.progress as progress
        progress.EVERY_LOG = 0.5
        """
    )
    return project


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_waiting_run_says_how_far_it_is(slow: pytest.Pytester, workers: str) -> None:
    result = slow.runpytest_subprocess(*RUN, "-n", workers)
    out = result.stdout.str()
    assert "Captured" not in out
    assert LINE.search(out).start() < out.rindex("passed")  # type: ignore[union-attr]
    lines = LINE.findall(out)
    assert len(lines) >= 2
    done, calls = ([int(line[part]) for line in lines] for part in (0, 3))
    assert done == sorted(done)
    assert 0 < done[-1] <= 12
    assert calls == sorted(calls)
    assert calls[-1] > 0
    assert any(line[4] for line in lines), "shared turns are told"
    assert any(line[5] for line in lines), "the time that is left is told"


def test_a_quiet_run_is_silent(slow: pytest.Pytester) -> None:
    result = slow.runpytest_subprocess(*RUN, "-q")
    assert "conversations," not in result.stdout.str()
