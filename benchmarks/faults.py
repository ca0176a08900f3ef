"""The imported suite through random faults: the same verdicts as without.

    python benchmarks/faults.py inputs.xlsx [--rate 0.05] [--latency 0.01] [--concurrency 64] [--seed 1]

``inputs.xlsx`` is your own copy of the reference's use cases. One request in twenty gets no usable answer: a 500, a
dropped connection, a 429 with ``Retry-After: 0``, half a JSON and so on. A model of the same server is the judge.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import rig
from benchmarks.server import answer
from tests.fakeserver import FAULTS, Answer, FakeServer

PASSING = (
    "server error", "overloaded", "too many", "drop", "cut", "truncated json", "empty body", "html 502", "no choices",
    "error in 200",
)  # fmt: skip
"""Faults that a retry mends."""


class Faulty:
    """The scripted product, but for one request in so many."""

    def __init__(self, rate: float, seed: int) -> None:
        self._rate = rate
        self._draw = random.Random(seed)
        self.dealt: Counter[str] = Counter()

    def __call__(self, request: dict[str, Any]) -> Answer:
        if self._draw.random() >= self._rate:
            return answer(request)
        name = self._draw.choice(PASSING)
        self.dealt[name] += 1
        return FAULTS[name]


def run(folder: Path, script: Any, args: argparse.Namespace, cache: str) -> tuple[Any, int, float]:
    """(record, requests the server saw, seconds)."""
    with FakeServer(script, latency=args.latency) as server:
        options = ["--pa-judge=openai/judge", f"--pa-concurrency={args.concurrency}", f"--pa-cache-dir={cache}"]
        began = time.perf_counter()
        rig.finish(rig.start(rig.live_command(server, *options), folder))
        return rig.record(folder), len(server.requests), time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spreadsheet", type=Path)
    parser.add_argument("--rate", type=float, default=0.05)
    parser.add_argument("--latency", type=float, default=0.01)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(
            ["personal-align", "import", "curate", str(args.spreadsheet.resolve()), "--out", "cases"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
            env=rig.environment(),
        )
        calm, requests, seconds = run(folder, answer, args, "calm")
        print(
            f"without faults: {len(calm['cases'])} cases, {requests} requests, {seconds:.1f} s; {rig.load()}",
            flush=True,
        )
        faulty = Faulty(args.rate, args.seed)
        rough, more, rough_seconds = run(folder, faulty, args, "rough")
    dealt = faulty.dealt.total()
    before, after = rig.verdicts(calm), rig.verdicts(rough)
    errors = sum(outcome == "error" for outcome, *_ in after.values())
    differ = sum(before.get(nodeid) != found for nodeid, found in after.items())
    print(f"with faults: {more} requests, {dealt} of them answered with a fault, {rough_seconds:.1f} s; {rig.load()}")
    print("  " + ", ".join(f"{name} {count}" for name, count in sorted(faulty.dealt.items())))
    print(
        f"verdicts that differ: {differ}; errors: {errors}; requests beyond calls and faults: {more - dealt - requests}"
    )
    for case in rough["cases"]:
        for trial in case["trials"]:
            if trial["error"]:
                print(f"  {case['nodeid']}: {trial['error']}")
    fine = before == after and not errors and more == requests + dealt
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
