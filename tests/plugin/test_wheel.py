"""The built wheel, in an empty environment outside the tree, does the main job."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON", "PA_"))}
"""With the machine's proxies, before the tests' own environment is without: a package registry may be behind one."""


def test_the_wheel_runs_the_smoke_suite(tmp_path: Path) -> None:
    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True)

    def fetched(*command: str) -> None:
        done = run(*command)
        if done.returncode != 0 and "No matching distribution" in done.stdout + done.stderr:
            pytest.skip("no package registry within reach")
        assert done.returncode == 0, done.stdout + done.stderr

    fetched(sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path / "dist"), str(ROOT))
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    fetched(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel))
    done = run(python, "-m", "pytest", "--pa-model=demo/forgetful", "--pa-cases=builtin:smoke")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "inattentiveness" in done.stdout
    assert (tmp_path / "reports" / "report.html").is_file()
