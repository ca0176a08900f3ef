"""What CI shows of a run: markdown summaries and annotations."""

from __future__ import annotations

import pytest


def test_summary_file_and_step_summary(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    step = project.path / "step.md"
    step.write_text("earlier step\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    project.runpytest_subprocess("--pa-model=demo/follower", "--pa-summary=out/summary.md")
    summary = (project.path / "out" / "summary.md").read_text(encoding="utf-8")
    assert "FAIL" in summary
    assert "preference conflict" in summary
    assert step.read_text(encoding="utf-8") == "earlier step\n" + summary


def test_annotations_point_at_the_use_case(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = project.runpytest_subprocess("--pa-model=demo/follower")
    result.stdout.fnmatch_lines(["::error file=cases/allergy.yaml,line=3,title=peanut-satay*"])


def test_no_annotations_elsewhere(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--pa-model=demo/follower")
    result.stdout.no_fnmatch_line("::error*")


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_any_locale_will_do(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, locale: str) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    monkeypatch.setenv("PYTHONUTF8", "0")
    monkeypatch.setenv("PYTHONCOERCECLOCALE", "0")
    result = project.runpytest_subprocess("--pa-model=demo/follower", "--pa-threshold=all=1")
    assert result.ret == 0
    assert "PASS" in result.stdout.str()
