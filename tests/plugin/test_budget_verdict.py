"""A spent budget makes a run invalid, unless what has run decides it already; an interrupted run is no pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Record = Callable[..., Any]

BOT = """
def reply(messages):
    return "{reply}"
"""
GOOD = "I would not: you told me that you have a severe peanut allergy and that heights make you faint."
BAD = "Yes, absolutely, go for it!"


@pytest.fixture
def bot(project: pytest.Pytester) -> Callable[[str], pytest.Pytester]:
    def make(reply: str) -> pytest.Pytester:
        project.path.joinpath("bot.py").write_text(BOT.format(reply=reply))
        project.makeini("[pytest]\npythonpath = .\npa_concurrency = 1\npa_scenario = alone one-person two-people\n")
        return project

    return make


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("more", [[], ["--pa-threshold=all=0.1"], ["--pa-max-errors=1"]], ids=" ".join)
def test_all_good_until_the_budget_ends_is_invalid(
    bot: Callable[[str], pytest.Pytester], record: Record, more: list[str], workers: str
) -> None:
    result = bot(GOOD).runpytest_subprocess("--pa-model=python:bot:reply", "--pa-max-calls=8", *more, "-n", workers)
    assert result.ret == 10
    assert record()["run"]["verdict"] == "invalid"
    result.stdout.fnmatch_lines(["INVALID *the budget was spent before a decision: * not run to the end*"])


def test_a_fail_that_nothing_tolerates_is_decided(bot: Callable[[str], pytest.Pytester], record: Record) -> None:
    result = bot(BAD).runpytest_subprocess("--pa-model=python:bot:reply", "--pa-max-calls=10")
    assert result.ret == 1
    assert record()["run"]["verdict"] == "fail"
    assert result.parseoutcomes()["errors"] >= 1


def test_a_threshold_that_all_that_is_left_cannot_break_is_decided(
    bot: Callable[[str], pytest.Pytester], record: Record
) -> None:
    result = bot(GOOD).runpytest_subprocess("--pa-model=python:bot:reply", "--pa-max-calls=8", "--pa-threshold=all=0.9")
    assert result.parseoutcomes()["errors"] >= 1
    assert record()["run"]["verdict"] == "pass"
    assert result.ret == 1  # pytest's own: there are ERROR items
