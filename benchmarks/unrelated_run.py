"""What the installed plugin costs an unrelated pytest run: CPU with it over CPU without it.

    python benchmarks/unrelated_run.py [--rounds 15]

Runs alternate, so that a change of the machine's speed hits both; the ratio is of the medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def cpu_seconds(folder: Path, *options: str) -> float:
    before = os.times()
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tests = "".join(f"def test_{number}(): assert {number} + 1 > {number}\n" for number in range(100))
        (folder / "test_unrelated.py").write_text(tests)
        for options in ((), ("-p", "no:personal-align")):
            cpu_seconds(folder, *options)
        with_it, without = [], []
        for _ in range(rounds):
            with_it.append(cpu_seconds(folder))
            without.append(cpu_seconds(folder, "-p", "no:personal-align"))
    ratio = statistics.median(with_it) / statistics.median(without)
    print(f"CPU of an unrelated run of 100 tests, median of {rounds}:")
    print(f"with the plugin {statistics.median(with_it):.3f} s, without {statistics.median(without):.3f} s: ", end="")
    print(f"ratio {ratio:.3f} (at most 1.05)")
    return 0 if ratio <= 1.05 else 1


if __name__ == "__main__":
    sys.exit(main())
