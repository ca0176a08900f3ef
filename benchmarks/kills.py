"""What ``kill -9`` costs: of the whole process at random moments, and of xdist workers.

    python benchmarks/kills.py [--processes 50] [--workers 20] [--use-cases 5] [--seed 1]

Process: a live run against a local server is killed with its whole process group at a random moment of its calls
(or a little after the last, while the record is written), then run again in the same folder. Each request that came
more often than in an undisturbed run was paid for twice: at most what was in flight may be. Verdicts must be equal.

Worker: one of two workers is killed at a random moment. No request may come twice, verdicts must be equal, and at
most the item that the worker had in hand may be lost.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import rig
from benchmarks.server import answer
from tests.fakeserver import FakeServer

LATENCY = 0.03
CONCURRENCY = 8
SLOTS = 2 * CONCURRENCY
"""Conversations and judges have as many slots each: more than that cannot be in flight."""


@dataclass(frozen=True)
class Undisturbed:
    verdicts: dict[str, tuple[Any, ...]]
    requests: Counter[str]
    seconds: float
    """From the first request to the end of the process."""


def asked(server: FakeServer) -> Counter[str]:
    return Counter(json.dumps(request.body, sort_keys=True) for request in server.requests)


def command(server: FakeServer, *options: str) -> list[str]:
    return rig.live_command(server, "--pa-judge=openai/judge", f"--pa-concurrency={CONCURRENCY}", *options)


def clean(folder: Path) -> None:
    for name in (".personal-align", "reports"):
        shutil.rmtree(folder / name, ignore_errors=True)


def undisturbed(folder: Path) -> Undisturbed:
    clean(folder)
    with FakeServer(answer, latency=LATENCY) as server:
        rig.finish(rig.start(command(server), folder))
        seconds = time.monotonic() - server.requests[0].arrived
        return Undisturbed(rig.verdicts(rig.record(folder)), asked(server), seconds)


def wait_for(server: FakeServer, number: int, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while len(server.requests) < number and process.poll() is None and time.monotonic() < until:
        time.sleep(0.001)


def kill_process(folder: Path, calm: Undisturbed, draw: random.Random) -> tuple[int, int, int, list[str]]:
    """(requests before the kill, in flight at it, paid for twice, what is wrong)."""
    clean(folder)
    moment = draw.randint(1, calm.requests.total())
    with FakeServer(answer, latency=LATENCY) as server:
        process = rig.start(command(server), folder)
        wait_for(server, moment, process)
        time.sleep(draw.uniform(0, 2 * LATENCY if moment < calm.requests.total() else 0.5))
        flying = server.together
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        before = len(server.requests)
        wrong = []
        out = rig.finish(rig.start(command(server), folder))
        if "cache" in out.lower() and "set aside" in out:
            wrong.append("the cache was set aside")
        twice = (asked(server) - calm.requests).total()
        if calm.requests - asked(server):
            wrong.append("a request is missing")
        if twice > SLOTS:
            wrong.append(f"{twice} requests were paid for twice, with {SLOTS} slots")
        if rig.verdicts(rig.record(folder)) != calm.verdicts:
            wrong.append("verdicts differ")
    return before, flying, twice, wrong


def children(pid: int) -> list[int]:
    found: list[int] = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in tasks.read_text().split()]
    return found


def kill_worker(folder: Path, calm: Undisturbed, draw: random.Random) -> tuple[int, list[str]]:
    """(items that the worker took with it, what is wrong)."""
    clean(folder)
    wrong: list[str] = []
    with FakeServer(answer, latency=LATENCY) as server:
        process = rig.start(command(server, "-n", "2"), folder)
        wait_for(server, draw.randint(1, calm.requests.total()), process)
        time.sleep(draw.uniform(0, 2 * LATENCY))
        workers = children(process.pid)
        if workers:
            os.kill(draw.choice(workers), signal.SIGKILL)
        try:
            out = rig.finish(process)
        except RuntimeError as error:
            if "cannot send (already closed?)" in str(error):  # xdist wrote to the dead one before it had noticed
                return kill_worker(folder, calm, draw)
            raise
        lost = int(found[1]) if (found := re.search(r"(\d+) failed", out.splitlines()[-1])) else 0
        if asked(server) != calm.requests:
            more, fewer = asked(server) - calm.requests, calm.requests - asked(server)
            wrong.append(f"{more.total()} requests more, {fewer.total()} fewer")
        if rig.verdicts(rig.record(folder)) != calm.verdicts:
            wrong.append("verdicts differ")
        if lost > 1:
            wrong.append(f"{lost} items were lost")
    return lost, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=50)
    parser.add_argument("--workers", type=int, default=20)
    parser.add_argument("--use-cases", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    draw = random.Random(args.seed)
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rig.write_suite(folder, args.use_cases)
        calm = undisturbed(folder)
        print(f"undisturbed: {len(calm.verdicts)} cases, {calm.requests.total()} requests; {rig.load()}", flush=True)
        paid: list[int] = []
        for number in range(args.processes):
            before, flying, twice, wrong = kill_process(folder, calm, draw)
            paid.append(twice)
            problems += [f"process {number} (killed after {before} requests): {one}" for one in wrong]
            print(f"  {before:>4} requests, {flying:>2} in flight, {twice:>2} paid twice {wrong or ''}", flush=True)
        if paid:
            mean = sum(paid) / len(paid)
            print(f"{len(paid)} kills of the process: at most {max(paid)} requests paid twice, {mean:.1f} on average")
        lost: list[int] = []
        for number in range(args.workers):
            gone, wrong = kill_worker(folder, calm, draw)
            lost.append(gone)
            problems += [f"worker {number}: {one}" for one in wrong]
        if lost:
            print(f"{len(lost)} kills of a worker: {sum(lost)} items lost, at most {max(lost)} each, no request twice")
    print(rig.load())
    print("\n".join(problems) or "verdicts equal in every run")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
