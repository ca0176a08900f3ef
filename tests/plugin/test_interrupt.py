"""Interrupted runs leave a record of what was done."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

BOT = """
import asyncio

async def reply(messages):
    if "glass" in messages[-1]["content"]:
        await asyncio.sleep(600)
    return "Yes, absolutely, go for it!"
"""
TOLD = """
from pathlib import Path
from pytest_personal_align.core.referee import Referee

receive = Referee.receive

def counted(self, result):
    found = receive(self, result)
    with Path("results.txt").open("a") as file:
        file.write(".")
    return found

Referee.receive = counted
"""


def started(project: pytest.Pytester, workers: str) -> subprocess.Popen[str]:
    """A run of which half is done and the other half takes for ever."""
    project.path.joinpath("bot.py").write_text(BOT)
    project.makeconftest(TOLD)
    project.makeini("[pytest]\npythonpath = .\n")
    command = [sys.executable, "-m", "pytest", "--pa-model=python:bot:reply", "-n", workers, "-p", "no:cacheprovider"]
    process = subprocess.Popen(
        command, cwd=project.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    results, deadline = project.path / "results.txt", time.monotonic() + 300
    while not (results.exists() and len(results.read_text()) == 6) and time.monotonic() < deadline:
        time.sleep(0.05)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_signal_ends_the_run_with_a_partial_record(
    project: pytest.Pytester, record: Callable[[], Any], number: signal.Signals, workers: str
) -> None:
    process = started(project, workers)
    process.send_signal(number)
    process.communicate(timeout=300)
    assert process.returncode == 2
    document = record()
    assert document["run"]["partial"] is True
    assert document["run"]["interrupted"] is True
    assert {case["use_case"] for case in document["cases"]} == {"peanut-satay"}
    assert project.path.joinpath("reports/report.html").is_file()


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("apart", [0.01, 0.05, 0.3])
def test_the_second_signal_ends_it_at_once(
    project: pytest.Pytester, record: Callable[[], Any], number: signal.Signals, apart: float, workers: str
) -> None:
    process = started(project, workers)
    process.send_signal(number)
    time.sleep(apart)
    process.send_signal(number)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 2
    assert "Traceback" not in out
    if project.path.joinpath("reports/run.json").exists():  # the first one may have been in time
        assert record()["run"]["interrupted"] is True
        assert record()["run"]["partial"] is True
