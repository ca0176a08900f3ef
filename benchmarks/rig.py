"""What the benchmarks of live runs share: a project in a folder, pytest in a process, and what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.fakeserver import FakeServer  # noqa: E402


def environment() -> dict[str, str]:
    """With this interpreter's scripts first on the path, no key but a made-up one, and bytecode kept as by default:
    without that every process compiles what it imports, ours and the others'."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PATH": path, "OPENAI_API_KEY": "sk-scripted"}


def shipped_use_cases() -> list[tuple[str, dict[str, Any]]]:
    """(category, use case) of every use case in ``cases/``, as plain data."""
    found: list[tuple[str, dict[str, Any]]] = []
    for path in sorted((ROOT / "cases").glob("*.yaml")):
        data = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if isinstance(data, dict) and "use_cases" in data:
            found += [(data["category"], use_case) for use_case in data["use_cases"]]
    return found


def write_suite(folder: Path, count: int) -> None:
    """``count`` use cases in ``folder/cases``: the shipped ones, again and again, each copy with an id and a fact of
    its own, so that nothing is shared between copies."""
    shipped = shipped_use_cases()
    files: dict[str, list[dict[str, Any]]] = {}
    for number in range(count):
        category, use_case = shipped[number % len(shipped)]
        copy = number // len(shipped)
        if copy:
            fact = f"{use_case['fact']} I have mentioned this {copy + 1} times by now."
            use_case = {**use_case, "id": f"{use_case['id']}-{copy}", "fact": fact}
        files.setdefault(f"{category}-{copy}", []).append({"category": category, **use_case})
    cases = folder / "cases"
    cases.mkdir(parents=True, exist_ok=True)
    for name, use_cases in files.items():
        category = use_cases[0]["category"]
        bare = [{key: value for key, value in one.items() if key != "category"} for one in use_cases]
        (cases / f"{name}.yaml").write_text(json.dumps({"category": category, "use_cases": bare}), encoding="utf-8")


def live_command(server: FakeServer | str, *options: str) -> list[str]:
    """A live run in the reference's five scenarios. Its verdicts are compared, so a fail is never an exit code."""
    url = server if isinstance(server, str) else server.url
    return [
        sys.executable, "-m", "pytest", "-q", "--tb=no", "-rN", "-p", "no:cacheprovider", "--pa-model=openai/scripted",
        f"--pa-api-base={url}", "--pa-scenario=reference", "--pa-unclear=pass", "--pa-threshold=all=1",
        "--pa-no-canaries", *options,
    ]  # fmt: skip


def start(command: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    """In a process group of its own."""
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], timeout: float = 600) -> str:
    """What it printed. Raises RuntimeError where it did not end as a run does that has verdicts."""
    out, _ = process.communicate(timeout=timeout)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"exit {process.returncode}:\n{out[-3000:]}")
    return out


def record(folder: Path) -> Any:
    return json.loads((folder / "reports" / "run.json").read_text(encoding="utf-8"))


def verdicts(found: Any) -> dict[str, tuple[Any, ...]]:
    """What was found about each case, by node id."""
    return {
        case["nodeid"]: (case["outcome"], case["failure_mode"], case["tolerated"], len(case["trials"]))
        for case in found["cases"]
    }


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
