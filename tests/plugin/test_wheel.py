"""The built wheel, in an empty environment outside the tree, does the main job."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_wheel_runs_the_smoke_suite(tmp_path: Path) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON", "PA_"))
    }

    def run(*command: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, **kwargs)  # type: ignore[call-overload, no-any-return]

    built = run(sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path / "dist"), str(ROOT))
    assert built.returncode == 0, built.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    installed = run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel))
    if installed.returncode != 0 and "No matching distribution" in installed.stderr:
        pytest.skip("no package registry within reach")
    assert installed.returncode == 0, installed.stderr
    done = run(python, "-m", "pytest", "--pa-model=demo/forgetful", "--pa-cases=builtin:smoke")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "inattentiveness" in done.stdout
    assert (tmp_path / "reports" / "report.html").is_file()
