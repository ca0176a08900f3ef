"""What each remedy changes and costs, on a scripted model over HTTP: the table of docs/remedies.md.

    python benchmarks/remedies.py                # builtin:smoke, about a minute
    python benchmarks/remedies.py builtin:core   # more cases, smaller p

The model is scripted (tests/remedies/scripted.py): it forgets, drifts and over-refuses in shares that are written
below, and it is a good helper in most cases. So the table shows that remedies, accounting and statistics do what they
say. It says nothing about any real model.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from pytest_personal_align.core import shipped  # noqa: E402
from pytest_personal_align.core.record import load  # noqa: E402
from pytest_personal_align.core.result import Usage  # noqa: E402
from pytest_personal_align.engine.prices import model_info  # noqa: E402
from pytest_personal_align.report.remedies import remedy_markdown, remedy_rows  # noqa: E402
from tests.fakeserver import FakeServer  # noqa: E402
from tests.remedies.scripted import ScriptedModel  # noqa: E402

WEAKNESSES = {"forgets": 0.45, "drifts": 0.35, "over_refuses": 0.5, "guided": 0.7, "misjudges": 0.08, "garbles": 0.04}
REMEDIES = (
    "none",
    "guiding-prompt",
    "reminder",
    "user-model",
    "risk-assessment",
    "self-reflection",
    "user-model+self-reflection",
)
PRICED_AS = "gpt-4o-mini"
LATENCY = 0.02


def main() -> int:
    suite = sys.argv[1] if len(sys.argv) > 1 else "builtin:smoke"
    model = ScriptedModel([placed.use_case for placed in shipped.suite(suite)], **WEAKNESSES)
    with tempfile.TemporaryDirectory() as folder, FakeServer(model, latency=LATENCY) as server:
        command = [
            "pytest", f"--pa-cases={suite}", "--pa-model=openai/scripted", f"--pa-api-base={server.url}",
            "--pa-cache=off", "--pa-concurrency=64", *(f"--pa-remedy={name}" for name in REMEDIES),
        ]  # fmt: skip
        print("$", *command)
        quiet = ["-q", "--tb=no", "-p", "no:cacheprovider", "--no-summary"]
        environment = {**os.environ, "OPENAI_API_KEY": "scripted"}
        done = subprocess.run(
            [sys.executable, "-m", *command, *quiet], cwd=folder, env=environment, capture_output=True, text=True
        )
        if done.returncode not in (0, 1):
            print(done.stdout[-4000:], done.stderr[-4000:])
            return 1
        record = load(Path(folder) / "reports" / "run.json", "--pa-record")
        print(remedy_markdown(remedy_rows(record, _price), str))
        sent = record.calls.assistant.sent
        print(f"assistant calls: {sent:,} counted, {len(server.requests):,} in the server's log")
        return 0 if sent == len(server.requests) else 1


def _price(arm: str, usage: Usage) -> float | None:
    info = model_info(PRICED_AS)
    return info.cost(usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) if info else None


if __name__ == "__main__":
    sys.exit(main())
