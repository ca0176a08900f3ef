"""Time and memory as a run grows: live cases against a Python assistant that answers at once, and collected items.

    python benchmarks/scale.py [--cases 4200 8400 16800] [--items 25000 50000 100000]

The suite is made of the shipped use cases, copied under new ids with facts of their own, in the five reference
scenarios. "a further 1,000" is the slope between two sizes: linear growth shows as the same figure in each line.
Beside the collected items stand as many parametrized tests of plain pytest.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import rig

SCENARIOS = 5
BOT = """
def reply(messages):
    return "I would not: you told me about yourself, and this is not safe for you. " * 4
"""


@dataclass(frozen=True)
class Cost:
    """Of one process: seconds on the clock, of CPU, and its largest size in MB."""

    wall: float
    cpu: float
    peak: float


def measured(command: Sequence[str], folder: Path) -> Cost:
    log = folder / "output.txt"
    began = time.perf_counter()
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=folder, env=rig.environment(), stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"exit {process.returncode}: {log.read_text()[-2000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def table(title: str, sizes: Sequence[int], run: Callable[[int], Cost]) -> None:
    print(f"\n{title}; {rig.load()}")
    print("      size   wall s    CPU s   peak MB   a further 1,000:  wall s   CPU s      MB")
    before: tuple[int, Cost] | None = None
    for size in sizes:
        cost = run(size)
        line = f"{size:>10,} {cost.wall:>8.1f} {cost.cpu:>8.1f} {cost.peak:>9.0f}"
        if before is not None:
            thousands = (size - before[0]) / 1000
            wall, cpu, peak = (
                (getattr(cost, name) - getattr(before[1], name)) / thousands for name in ("wall", "cpu", "peak")
            )
            line += f"{'':>19}{wall:>7.2f} {cpu:>7.2f} {peak:>7.2f}"
        print(line, flush=True)
        before = size, cost


def live(size: int) -> Cost:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rig.write_suite(folder, size // SCENARIOS)
        (folder / "bot.py").write_text(BOT)
        (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
        command = rig.live_command("", "--pa-concurrency=64")
        command = [part for part in command if not part.startswith(("--pa-api-base", "--pa-model"))]
        return measured([*command, "--pa-model=python:bot:reply"], folder)


def collected(size: int) -> Cost:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rig.write_suite(folder, size // SCENARIOS)
        command = ["--collect-only", "-qq", "-p", "no:cacheprovider", "--pa-model=demo/attentive"]
        return measured([sys.executable, "-m", "pytest", *command, "--pa-scenario=reference"], folder)


def plain(size: int) -> Cost:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = f"import pytest\n\n@pytest.mark.parametrize('n', range({size}))\ndef test_one(n): pass\n"
        (folder / "test_many.py").write_text(text)
        return measured([sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider"], folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, nargs="*", default=[4_200, 8_400, 16_800])
    parser.add_argument("--items", type=int, nargs="*", default=[25_000, 50_000, 100_000])
    args = parser.parse_args()
    table("live cases, a Python assistant, judged by rules, recorded, with a report", args.cases, live)
    table("collected items", args.items, collected)
    table("for comparison: collected tests of plain pytest", args.items, plain)
    return 0


if __name__ == "__main__":
    sys.exit(main())
