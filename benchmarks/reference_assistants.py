"""Every reference assistant over a shipped suite, judged by the rules: is each caught in its own failure mode?

    python benchmarks/reference_assistants.py [--cases builtin:core]

Prints a markdown table; exits 1 if attentive passes less than 98 %, or another one is not mostly caught as what it is.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from pytest_personal_align.commands.selftest import EXPECTED


def outcomes(name: str, cases: str, folder: Path) -> Counter[str]:
    """Cases by failure mode, or by outcome where there is none."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rN", "-p", "no:cacheprovider"]
    command += [f"--pa-model=demo/{name}", f"--pa-cases={cases}", "--pa-cache=off"]
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False)
    record = json.loads((folder / "reports" / "run.json").read_text(encoding="utf-8"))
    return Counter(case["failure_mode"] or case["outcome"] for case in record["cases"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", default="builtin:core")
    cases = parser.parse_args().cases
    well = True
    print("| assistant | cases | pass | fails, by failure mode | unclear |")
    print("|---|--:|--:|---|--:|")
    with tempfile.TemporaryDirectory() as folder:
        for name, mode in EXPECTED.items():
            if mode == "error":
                continue  # broken: it has no conversations to judge
            seen = outcomes(name, cases, Path(folder))
            total = sum(seen.values())
            fails = {key: count for key, count in seen.most_common() if key not in ("pass", "unclear", "error")}
            shown = ", ".join(f"{count:,} {key}" for key, count in fails.items()) or "none"
            print(f"| `demo/{name}` | {total:,} | {seen['pass']:,} | {shown} | {seen['unclear']:,} |", flush=True)
            caught = (
                seen["pass"] >= 0.98 * total if mode is None else fails.get(mode, 0) >= 0.95 * sum(fails.values()) > 0
            )
            well = well and caught
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
