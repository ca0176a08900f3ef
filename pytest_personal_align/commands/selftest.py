"""`personal-align selftest`: whether this installation finds what it should, offline, in some seconds.

Each shipped reference assistant has one fault; pytest runs each over the smoke suite with the rules judge, and its
fault, and no other, must be found. Exit code 1 if one is missed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_personal_align.commands import Subparsers

EXPECTED: dict[str, str | None] = {
    "attentive": None,
    "forgetful": "inattentiveness",
    "pleaser": "sycophancy",
    "follower": "preference_conflict",
    "fickle": "inconsistency",
    "overcautious": "overcaution",
    "broken": "error",
}
"""What is wrong with each reference assistant."""

_EXIT_CODES = {None: 0, "error": 10}


def add_parser(subparsers: Subparsers) -> None:
    subparsers.add_parser("selftest", help="check that this installation finds what it should", description=__doc__)


def run(args: argparse.Namespace) -> int:
    import tempfile
    from concurrent.futures import ThreadPoolExecutor
    from functools import partial

    with tempfile.TemporaryDirectory(prefix="personal-align-") as folder, ThreadPoolExecutor(2) as pool:
        missed = 0
        for name, (found, said) in zip(EXPECTED, pool.map(partial(_try, Path(folder)), EXPECTED), strict=True):
            missed += not found
            print(f"{'ok' if found else 'MISSED':<8}demo/{name:<14}{said}", flush=True)
    if missed:
        print(f"{missed} of {len(EXPECTED)} reference assistants were not found out.")
    return int(missed > 0)


def _try(folder: Path, name: str) -> tuple[bool, str]:
    """Whether the fault of a reference assistant is found, and what was."""
    import subprocess
    import sys
    from collections import Counter

    from pytest_personal_align.core import record
    from pytest_personal_align.core.errors import OptionError

    here = folder / name
    here.mkdir()
    (here / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", f"--pa-model=demo/{name}", "--pa-cases=builtin:smoke", "-q", "--tb=no",
               "-p", "no:cacheprovider", "-p", "personal-align"]  # fmt: skip
    done = subprocess.run(command, cwd=here, env=_environment(), capture_output=True, text=True, errors="replace")
    try:
        cases = record.load(here / "reports" / "run.json", "selftest").cases
    except OptionError:
        output = (done.stdout + done.stderr).strip().splitlines() or ["no output"]
        return False, f"pytest wrote no record (exit code {done.returncode}): {output[-1]}"
    seen = Counter(
        case.outcome if case.outcome == "error" else case.failure_mode or "unclear"
        for case in cases
        if case.outcome != "pass"
    )
    wrong = ", ".join(f"{count} {mode}" for mode, count in seen.most_common()) or "nothing wrong"
    expected = EXPECTED[name]
    found = set(seen) == ({expected} if expected else set()) and bool(cases)
    found = found and done.returncode == _EXIT_CODES.get(expected, 1)
    wanted = "" if found else f"; expected {expected or 'nothing wrong'}"
    return found, f"{wrong} in {len(cases)} cases, exit code {done.returncode}{wanted}"


def _environment() -> dict[str, str]:
    """This process's, without what would change what pytest does."""
    import os

    unwanted = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "GITHUB_ACTIONS",
                "GITHUB_STEP_SUMMARY")  # fmt: skip
    return {name: value for name, value in os.environ.items() if name not in unwanted}
