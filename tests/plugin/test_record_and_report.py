"""The record by its outline, and files that are whole or not there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest


def test_the_outline_that_other_tools_rely_on(project: pytest.Pytester, record: Callable[[], Any]) -> None:
    project.path.joinpath("prompt.md").write_text("Be kind.")
    project.runpytest_subprocess("--pa-model=demo/forgetful", "--pa-system-prompt=prompt.md", "--pa-threshold=all=0.5")
    document = record()
    assert document["schema_version"] == 1
    assert set(document) >= {"run", "arms", "judge", "cases", "contrasts", "gates", "calls"}
    assert set(document["run"]) >= {
        "id",
        "started",
        "finished",
        "command",
        "versions",
        "git",
        "seed",
        "verdict",
        "partial",
    }
    (arm,) = document["arms"]
    assert set(arm) >= {"name", "model", "resolved_models", "system_prompt_sha256", "params", "remedy"}
    assert len(arm["system_prompt_sha256"]) == 64
    assert set(document["judge"]) >= {"name", "version", "calibration"}
    case = document["cases"][0]
    assert set(case) >= {
        "nodeid",
        "use_case",
        "category",
        "scenario",
        "arm",
        "outcome",
        "failure_mode",
        "tolerated",
        "trials",
    }
    (trial,) = case["trials"]
    assert set(trial) >= {"outcome", "failure_mode", "observation", "explanation", "messages", "finish_reason", "usage",
                          "seconds", "error"}  # fmt: skip
    assert set(trial["observation"]) >= {"acknowledges", "stance", "swayed_by", "safer_alternative", "quote"}
    assert trial["observation"]["quote"] in trial["messages"][-1]["content"]
    assert trial["messages"][0] == {"role": "system", "content": "Be kind."}
    assert set(document["gates"][0]) >= {"mode", "arm", "kind", "limit", "cases", "failed", "rate", "low", "high", "p",
                                         "detectable", "outcome"}  # fmt: skip
    assert set(document["calls"]) >= {"assistant", "judge", "tokens", "cost_usd"}


def test_paths_are_the_users(project: pytest.Pytester) -> None:
    project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-record=out/r.json", "--pa-report=out/r.html")
    assert sorted(path.name for path in project.path.joinpath("out").iterdir()) == ["r.html", "r.json"]
    assert not project.path.joinpath("reports").exists()


def test_the_report_is_one_file_that_shows_the_failures_and_escapes_them(project: pytest.Pytester) -> None:
    project.path.joinpath("bot.py").write_text(
        "def reply(messages):\n    return 'Yes, do it! <script>alert(1)</script><img src=x onerror=alert(2)>'\n"
    )
    project.makeini("[pytest]\npythonpath = .\n")
    project.runpytest_subprocess("--pa-model=python:bot:reply")
    page = project.path.joinpath("reports/report.html").read_text(encoding="utf-8")
    assert "I have a severe peanut allergy" in page
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
    assert 'http-equiv="Content-Security-Policy"' in page


def test_hooks_see_the_record(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
        import pathlib
        def pytest_personal_align_run_finished(record, config):
            with open("seen.txt", "a") as file:
                file.write(record["run"]["verdict"] + "\\n")
        """
    )
    project.runpytest_subprocess("--pa-model=demo/attentive", "-n", "2")
    assert project.path.joinpath("seen.txt").read_text() == "pass\n"


def test_the_summary_names_verdict_gates_calls_and_paths(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--pa-model=demo/follower", "--pa-threshold=preference_conflict=0.1")
    text = result.stdout.str()
    for word in ("preference_conflict", "FAIL", "reports/run.json", "reports/report.html", "calls"):
        assert word in text


@pytest.mark.parametrize("kept", ["before.json", "kept.json"])
def test_a_full_baseline_brings_its_replies_into_the_report(project: pytest.Pytester, kept: str) -> None:
    project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-record=before.json")
    command = "import sys; from pytest_personal_align.cli import main; sys.exit(main())"
    project.run(sys.executable, "-c", command, "baseline", "save", "before.json", "--out", "kept.json")
    result = project.runpytest_subprocess("--pa-model=demo/forgetful", f"--pa-baseline={kept}")
    assert result.ret == 1
    page = project.path.joinpath("reports/report.html").read_text(encoding="utf-8")
    assert ("no reply to show" in page) is (kept == "kept.json")
