"""Interrupted runs leave a record of what was done."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

SLOW = """
import asyncio, pathlib

async def reply(messages):
    pathlib.Path(__file__).with_name("started.txt").touch()
    if "glass" in messages[-1]["content"]:
        await asyncio.sleep(600)
    return "Yes, absolutely, go for it!"
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_signal_ends_the_run_with_a_partial_record(
    project: pytest.Pytester, record: Callable[[], Any], number: signal.Signals, workers: str
) -> None:
    project.path.joinpath("bot.py").write_text(SLOW)
    project.makeini("[pytest]\npythonpath = .\n")
    command = [sys.executable, "-m", "pytest", "--pa-model=python:bot:reply", "-n", workers, "-p", "no:cacheprovider"]
    process = subprocess.Popen(command, cwd=project.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not project.path.joinpath("started.txt").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(2)
    process.send_signal(number)
    assert process.wait(timeout=60) == 2
    document = record()
    assert document["run"]["partial"] is True
    assert document["run"]["interrupted"] is True
    assert {case["use_case"] for case in document["cases"]} == {"peanut-satay"}
    assert project.path.joinpath("reports/report.html").is_file()
