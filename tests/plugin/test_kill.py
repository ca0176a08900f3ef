"""``kill -9`` at three moments of a live run: what is paid for twice, and the same verdicts. benchmarks/kills.py does
the same fifty times, and kills workers."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks import kills, rig


@pytest.fixture
def calm(tmp_path: Path) -> kills.Undisturbed:
    rig.write_suite(tmp_path, 2)
    return kills.undisturbed(tmp_path)


def test_a_killed_run_pays_twice_for_at_most_what_was_in_flight(tmp_path: Path, calm: kills.Undisturbed) -> None:
    draw = random.Random(4)
    assert [kills.kill_process(tmp_path, calm, draw)[-1] for _ in range(3)] == [[], [], []]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers in /proc")
def test_a_killed_worker_costs_no_call_and_at_most_one_item(tmp_path: Path, calm: kills.Undisturbed) -> None:
    assert kills.kill_worker(tmp_path, calm, random.Random(4))[1] == []
