"""The reference benchmark's suite, imported, run whole against a local server: time and memory.

    python benchmarks/imported_suite.py inputs.xlsx [--latency 0.2] [--concurrency 64] [--judge rules] [-n 0]

``inputs.xlsx`` is your own copy of the reference's use cases (see the README for where it is published); its
distractor files are taken from beside it. The ideal is calls x latency / concurrency: what no client can beat. The same
command is then run a second time, with nothing changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import rig

HERE = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("spreadsheet", type=Path)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--judge", default="rules", help="rules, or openai/NAME on the same server")
    parser.add_argument("-n", default="0", help="xdist workers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(
            ["personal-align", "import", "curate", str(options.spreadsheet.resolve()), "--out", "cases"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
            env=rig.environment(),
        )
        server = subprocess.Popen(
            [sys.executable, str(HERE / "server.py"), "--latency", str(options.latency)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rN", "-p", "no:cacheprovider", "-n", options.n]
        command += ["--pa-model=openai/scripted", f"--pa-api-base={url}", f"--pa-judge={options.judge}"]
        command += [f"--pa-concurrency={options.concurrency}", "--pa-unclear=pass", "--pa-threshold=all=1"]
        command += ["--pa-no-canaries"]
        first, again = (run(command, folder) for _ in range(2))
        out, _ = server.communicate()
        requests = int(out.split()[-1])
    ideal = first.sent * options.latency / options.concurrency
    print(f"verdicts: {first.outcomes}, digest {first.digest}")
    print(f"{first.cases} cases, exit {first.code}, verdict {first.verdict}")
    print(f"calls: {first.calls}; requests the server saw in both runs: {requests}")
    print(f"wall {first.wall:.1f} s, ideal {ideal:.1f} s, ratio {first.wall / ideal:.2f} (at most 1.5)")
    print(f"largest process: {first.peak:.0f} MB (at most 400)")
    same = "the same verdicts" if again.digest == first.digest else "OTHER VERDICTS"
    spent = f"CPU {again.cpu:.1f} s (at most 10), wall {again.wall:.1f} s"
    print(f"again, with nothing changed: {again.sent} calls, {same}, {spent}")
    sound = requests == first.sent and not again.sent and again.digest == first.digest
    return 0 if first.wall <= 1.5 * ideal and first.peak < 400 and sound and again.cpu <= 10 else 1


@dataclass(frozen=True)
class Run:
    """One pytest process and what its record holds. ``wall`` and ``cpu`` in seconds, ``peak`` in MB."""

    code: int
    wall: float
    cpu: float
    peak: float
    sent: int
    calls: str
    cases: int
    verdict: str
    outcomes: Counter[str]
    digest: str


def run(command: list[str], folder: Path) -> Run:
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, env=rig.environment())
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    record = rig.record(folder)
    calls = record["calls"]
    verdicts = sorted((case["nodeid"], case["outcome"], case["failure_mode"]) for case in record["cases"])
    return Run(
        code=process.returncode,
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak=usage.ru_maxrss / 1024,
        sent=calls["assistant"]["sent"] + calls["judge"]["sent"],
        calls=f"{calls['assistant']} {calls['judge']}",
        cases=len(record["cases"]),
        verdict=record["run"]["verdict"],
        outcomes=Counter(case["outcome"] for case in record["cases"]),
        digest=hashlib.sha256(json.dumps(verdicts).encode()).hexdigest()[:16],
    )


if __name__ == "__main__":
    sys.exit(main())
