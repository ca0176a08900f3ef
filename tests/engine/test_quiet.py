"""The engine's threads leave the user's tests alone: no output, no warning, no log record, no global state changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.fakeserver import FAULTS, FakeServer, Fault, completion

CODE = """
import io, logging, os, random, sys, threading
records = []
class Keep(logging.Handler):
    def emit(self, record): records.append((record.name, record.threadName, record.getMessage()))
logging.getLogger().addHandler(Keep())
logging.getLogger().setLevel(logging.DEBUG)
errors = []
threading.excepthook = errors.append
environment = dict(os.environ)

from pytest_personal_align.core.options import JudgeOptions, Limits, Reuse, EngineOptions
from pytest_personal_align.engine.prefetch import prefetch
from tests.engine.enginekit import ModelJudge, arm, plan, run
url = {url!r}
arms = tuple(arm(model, url, model) for model in {models!r})
options = EngineOptions(arms, JudgeOptions(("hosted_vllm/j",), api_base=url), Limits(retries=1, timeout={timeout!r}),
                        Reuse("use", {cache!r}))
thread = prefetch(options)
assert thread is not None
thread.join()
random.seed(1); expected = random.random(); random.seed(1)
plans = [plan(f"Hi {{n}}", "May I?", arm=one.name, use_case=f"c{{n}}") for n in range(6) for one in arms]
ran = run(options, plans, lambda complete: ModelJudge(complete, "hosted_vllm/j"))
assert len(ran.results) == len(plans)
assert random.random() == expected
assert set(os.environ) - set(environment) <= {{"TIKTOKEN_CACHE_DIR"}}  # litellm's own; else it would use the network
assert all(os.environ[name] == value for name, value in environment.items())
assert not errors, errors
ours = [one for one in records if one[1].startswith("personal-align")]
assert not ours, ours
assert "STOLEN" not in os.environ
import gc; gc.collect()
print("outcomes", *sorted({{result.outcome for result in ran.results}}))
"""


def quiet(tmp_path: Path, url: str, models: list[str], timeout: float) -> tuple[str, str, int]:
    """Output, complaints and exit code of a run with warnings as errors, asyncio and Python in development mode."""
    code = CODE.format(url=url, models=models, cache=str(tmp_path / "cache"), timeout=timeout)
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin", "PYTHONASYNCIODEBUG": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.stdout, done.stderr, done.returncode


def test_under_a_users_strictest_settings(tmp_path: Path) -> None:
    """Everything is logged, and faults are among the answers."""
    (tmp_path / ".env").write_text("STOLEN=1\nOPENAI_API_BASE=http://evil.example/v1\n")
    faults = ["server error", "drop", "empty body", "length", "html", "no choices", "bad request", "cut"]
    answers = [FAULTS[name] for name in faults] + ["It is fine.", Fault(completion("It is fine.", usage=None))] * 30
    with FakeServer(answers) as server:
        ended = quiet(tmp_path, server.url, ["hosted_vllm/x", "openai/x"], 120)
    assert ended == ("outcomes error pass\n", "", 0)


def test_calls_that_are_cancelled_while_they_are_prepared(tmp_path: Path) -> None:
    with FakeServer(["It is fine."] * 30) as server:
        assert quiet(tmp_path, server.url, ["hosted_vllm/x"], 0.0001) == ("outcomes error\n", "", 0)
