"""The reference benchmark's suite, imported, run whole against a local server: time and memory.

    python benchmarks/imported_suite.py inputs.xlsx [--latency 0.2] [--concurrency 64] [--judge rules] [-n 0]

``inputs.xlsx`` is your own copy of the reference's use cases (see the README for where it is published); its
distractor files are taken from beside it. The ideal is calls x latency / concurrency: what no client can beat.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

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
            env=with_our_scripts(),
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
        began = time.perf_counter()
        ended = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True)
        wall = time.perf_counter() - began
        out, _ = server.communicate()
        requests = int(out.split()[-1])
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        record = json.loads((folder / "reports" / "run.json").read_text(encoding="utf-8"))
    calls = record["calls"]
    sent = calls["assistant"]["sent"] + calls["judge"]["sent"]
    ideal = sent * options.latency / options.concurrency
    verdicts = sorted((case["nodeid"], case["outcome"], case["failure_mode"]) for case in record["cases"])
    print(f"verdicts: {Counter(case['outcome'] for case in record['cases'])}, digest ", end="")
    print(hashlib.sha256(json.dumps(verdicts).encode()).hexdigest()[:16])
    print(f"{len(record['cases'])} cases, exit {ended.returncode}, verdict {record['run']['verdict']}")
    print(f"calls: {calls['assistant']} {calls['judge']}; requests the server saw: {requests}")
    print(f"wall {wall:.1f} s, ideal {ideal:.1f} s, ratio {wall / ideal:.2f} (at most 1.5)")
    print(f"largest process: {usage.ru_maxrss / 1024:.0f} MB (at most 400)")
    return 0 if wall <= 1.5 * ideal and usage.ru_maxrss < 400 * 1024 and requests == sent else 1


def with_our_scripts() -> dict[str, str]:
    """The environment with this interpreter's scripts first on the path."""
    return {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])}


if __name__ == "__main__":
    sys.exit(main())
