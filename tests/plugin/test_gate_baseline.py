"""--pa-baseline, personal-align baseline save and compare."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pytest_personal_align.cli import main
from pytest_personal_align.core import baseline

# Wrong about the first N use cases of a suite, by the name of the model: mine-3 fails three of them.
BOT = """
from pytest_personal_align.engine.demo import DemoAssistant

class Mixed:
    def __init__(self, model):
        self.wrong = int(model.partition("-")[2])

    async def __call__(self, messages, call):
        number = int(call.plan.brief.use_case.rpartition("-")[2])
        return await DemoAssistant("forgetful" if number < self.wrong else "attentive", 0)(messages, call)

def pytest_personal_align_assistant(model):
    return Mixed(model) if model.startswith("mine-") else None
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, project: pytest.Pytester) -> pytest.Pytester:
    """Forty use cases, one scenario."""
    text = (project.path / "cases/allergy.yaml").read_text(encoding="utf-8")
    head, one = text.split("use_cases:\n")
    many = "".join(one.replace("id: peanut-satay", f"id: case-{number:02}") for number in range(40))
    (project.path / "cases/allergy.yaml").write_text(f"{head}use_cases:\n{many}", encoding="utf-8")
    (project.path / "cases/phobia.yaml").unlink()
    project.makeconftest(BOT)
    project.makeini("[pytest]\npa_scenario = alone\n")
    return project


@pytest.mark.parametrize("workers", ["0", "4"])
def test_a_known_failure_is_tolerated_and_new_ones_are_caught(
    suite: pytest.Pytester, record: Callable[[], Any], workers: str
) -> None:
    suite.runpytest_subprocess("--pa-model=mine-3", "--pa-record=before.json")
    assert main(["baseline", "save", str(suite.path / "before.json"), "--out", str(suite.path / "kept.json")]) == 0

    same = suite.runpytest_subprocess("--pa-model=mine-3", "--pa-baseline=kept.json", "-rx", "-n", workers)
    assert same.ret == 0
    same.assert_outcomes(passed=37, xfailed=3)
    same.stdout.fnmatch_lines(["XFAIL *case-00*known since kept.json*"])

    worse = suite.runpytest_subprocess("--pa-model=mine-15", "--pa-baseline=kept.json", "-n", workers)
    assert worse.ret == 1
    worse.assert_outcomes(passed=25, failed=12, xfailed=3)
    comparison = record()["comparison"]
    assert [len(comparison[name]) for name in ("new", "still", "fixed", "noise")] == [12, 3, 0, 0]
    assert record()["run"]["verdict"] == "fail"


def test_a_difference_that_may_be_chance_does_not_fail(suite: pytest.Pytester, record: Callable[[], Any]) -> None:
    suite.runpytest_subprocess("--pa-model=mine-3", "--pa-record=before.json")
    result = suite.runpytest_subprocess("--pa-model=mine-5", "--pa-baseline=before.json")
    assert result.ret == 0
    result.assert_outcomes(passed=35, xfailed=5)
    assert len(record()["comparison"]["noise"]) == 2


def test_compare_says_the_same_of_two_records(
    suite: pytest.Pytester, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.runpytest_subprocess("--pa-model=mine-3", "--pa-record=a.json")
    suite.runpytest_subprocess("--pa-model=mine-15", "--pa-record=b.json")
    monkeypatch.chdir(suite.path)
    assert main(["compare", "a.json", "a.json"]) == 0
    assert main(["compare", "a.json", "b.json"]) == 1
    out = capsys.readouterr().out
    assert "new failures (12)" in out
    assert "case-14[alone]" in out
    assert main(["compare", "b.json", "a.json"]) == 0
    assert "fixed (12)" in capsys.readouterr().out
    assert main(["compare", "missing.json", "a.json"]) == 4
    assert "cannot be read" in capsys.readouterr().err


@pytest.fixture
def compare(
    suite: pytest.Pytester, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    """Runs the command: its exit code, and what it printed."""
    monkeypatch.chdir(suite.path)

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(["compare", *arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_compare_leaves_the_limits_of_a_run_to_that_run(
    suite: pytest.Pytester, compare: Callable[..., tuple[int, str]]
) -> None:
    limits = ("--pa-threshold=all=0.1", "--pa-threshold=overcaution=0.1")
    run = suite.runpytest_subprocess("--pa-model=mine-20", *limits, "--pa-record=a.json")
    assert run.ret == 1
    run.stdout.fnmatch_lines(["warning: overcaution=0.1: no case of this suite can fail in this way*"])
    code, said = compare("a.json", "a.json")
    assert code == 0
    assert said.startswith("PASS")
    assert "warning" not in said


def test_compare_passes_nothing_that_is_not_whole_and_valid(
    suite: pytest.Pytester, compare: Callable[..., tuple[int, str]], record: Callable[[str], Any]
) -> None:
    suite.runpytest_subprocess("--pa-model=mine-0", "--pa-record=a.json")
    suite.runpytest_subprocess("--pa-model=mine-0", "--pa-record=part.json", "-k", "not case-00")
    code, said = compare("a.json", "part.json", "--out", "out.json")
    assert (code, said[:7]) == (10, "INVALID")
    assert "part.json is of a part of its suite" in said
    assert record("out.json")["run"]["partial"] is True
    assert main(["baseline", "save", "out.json", "--out", "kept.json"]) == 4

    whole = record("a.json")
    for name, run in (("early", {"interrupted": True, "partial": True, "verdict": "inconclusive"}),
                      ("lost", {"verdict": "invalid", "reason": "2 cases never reported by pytest"})):  # fmt: skip
        (suite.path / f"{name}.json").write_text(json.dumps({**whole, "run": {**whole["run"], **run}}))
    assert "early.json is of a run that did not come to its end" in compare("a.json", "early.json")[1]
    code, said = compare("a.json", "lost.json")
    assert (code, said[:7]) == (10, "INVALID")
    assert "2 cases never reported by" in said

    (suite.path / "empty.json").write_text(json.dumps({**whole, "cases": []}))
    code, said = compare("a.json", "empty.json")
    assert code == 4
    assert "empty.json holds no case" in said


def test_which_of_several_kept_arms_is_the_base_is_never_guessed(
    suite: pytest.Pytester, compare: Callable[..., tuple[int, str]]
) -> None:
    suite.runpytest_subprocess("--pa-model=mine-15", "--pa-model=mine-0", "--pa-record=both.json")
    alone = suite.runpytest_subprocess("--pa-model=mine-15", "--pa-baseline=both.json", "--pa-record=b.json")
    alone.stdout.fnmatch_lines(["against both.json (mine-15): 15 still failing"])
    refused = suite.runpytest_subprocess("--pa-model=mine-5", "--pa-baseline=both.json", "--pa-record=c.json")
    assert refused.ret == 4
    refused.stderr.fnmatch_lines(["*both.json keeps 2 arms (mine-15, mine-0), and none is called mine-5: *--arm NAME*"])
    suite.runpytest_subprocess("--pa-model=mine-5", "--pa-record=c.json")
    code, said = compare("both.json", "c.json")
    assert code == 4
    assert "none is called mine-5" in said
    assert main(["merge", "c.json", "--baseline", "both.json"]) == 4


def test_a_changed_use_case_is_not_comparable_and_said_so(
    suite: pytest.Pytester, record: Callable[[], Any], replace_in: Callable[[str, str, str], Any]
) -> None:
    suite.runpytest_subprocess("--pa-model=mine-3", "--pa-record=before.json")
    text = (suite.path / "cases/allergy.yaml").read_text()
    (suite.path / "cases/allergy.yaml").write_text(text.replace("last year it put me", "once it put me", 1))
    result = suite.runpytest_subprocess("--pa-model=mine-3", "--pa-baseline=before.json")
    assert result.ret == 1
    result.assert_outcomes(passed=37, xfailed=2, failed=1)
    result.stdout.fnmatch_lines(["*its text is not the one that before.json was run with*"])
    assert len(record()["comparison"]["incomparable"]) == 1


def test_another_judge_makes_the_run_invalid(suite: pytest.Pytester) -> None:
    suite.runpytest_subprocess("--pa-model=mine-0", "--pa-record=before.json")
    text = (suite.path / "before.json").read_text()
    (suite.path / "before.json").write_text(text.replace('"version": "rules-', '"version": "rules-old'))
    result = suite.runpytest_subprocess("--pa-model=mine-0", "--pa-baseline=before.json")
    assert result.ret == 10
    result.stdout.fnmatch_lines(["INVALID *judge's version*"])
    known = json.loads((suite.path / "reports" / "run.json").read_text())["run"]["baseline"]
    assert known == baseline.read(suite.path / "before.json", "test").digest  # what a merge of jobs compares


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("other", ["--pa-seed=7", "--pa-scenario=one-person"])
def test_a_baseline_with_nothing_comparable_is_refused_before_a_call(
    suite: pytest.Pytester, other: str, workers: str
) -> None:
    suite.runpytest_subprocess("--pa-model=mine-0", "--pa-record=before.json")
    result = suite.runpytest_subprocess(
        "--pa-model=mine-40", "--pa-baseline=before.json", other, "-n", workers, "--pa-record=after.json"
    )
    assert result.ret == 4
    said = result.stdout.str() + result.stderr.str()
    assert "ERROR: --pa-baseline: not one case of this run can be compared with before.json" in said
    assert not (suite.path / "after.json").exists()
    assert suite.runpytest_subprocess("--pa-model=mine-40", "--pa-baseline=before.json", other, "--pa-plan").ret == 4


def test_other_ways_to_a_baseline_with_nothing_comparable_are_refused(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    suite.runpytest_subprocess("--pa-model=mine-0", "--pa-record=before.json")
    now = ("--pa-model=mine-0", "--pa-seed=7")
    suite.runpytest_subprocess(*now, "--pa-record=after.json")
    monkeypatch.chdir(suite.path)
    for command in (["compare", "before.json", "after.json"], ["merge", "after.json", "--baseline", "before.json"]):
        assert main(command) == 4
        assert "can be compared with before.json: their texts differ" in capsys.readouterr().err
    assert suite.runpytest_subprocess(*now, "--pa-regate=after.json", "--pa-baseline=before.json").ret == 4


def test_a_baseline_of_errors_is_refused(suite: pytest.Pytester) -> None:
    suite.runpytest_subprocess("--pa-model=mine-0", "--pa-record=before.json")
    main(["baseline", "save", str(suite.path / "before.json"), "--out", str(suite.path / "kept.json")])
    text = (suite.path / "kept.json").read_text()
    (suite.path / "kept.json").write_text(text.replace('"verdicts": "p"', '"verdicts": "e"'))
    assert suite.runpytest_subprocess("--pa-model=mine-0", "--pa-baseline=kept.json").ret == 4


def test_what_will_not_be_gated_is_said_by_the_plan(suite: pytest.Pytester) -> None:
    suite.runpytest_subprocess("--pa-model=mine-0", "--pa-record=before.json")
    plan = ("--pa-model=mine-0", "--pa-plan", "--pa-baseline=before.json")
    suite.runpytest_subprocess(*plan, "-k", "case-00").stdout.fnmatch_lines(
        ["1 case, 1 conversation of*", "a part of the suite: no gate*"]
    )
    suite.runpytest_subprocess(*plan, "--pa-shard=1/2").stdout.fnmatch_lines(["a shard applies no gate*merge does"])
    text = (suite.path / "before.json").read_text()
    (suite.path / "before.json").write_text(text.replace('"version": "rules-', '"version": "rules-old'))
    suite.runpytest_subprocess(*plan).stdout.fnmatch_lines(["the run will be invalid: the judge's version*"])
    live = suite.runpytest_subprocess(*plan[:1], *plan[2:])
    live.stdout.fnmatch_lines(["personal-align: this run will be invalid: *"])


def test_the_plan_counts_inconsistency_where_the_comparison_does(project: pytest.Pytester) -> None:
    project.runpytest_subprocess("--pa-model=demo/fickle", "--pa-record=before.json")
    plan = project.runpytest_subprocess("--pa-model=demo/fickle", "--pa-plan", "--pa-baseline=before.json")
    plan.stdout.fnmatch_lines(["*inattentiveness: 10 cases see * from 60.0%*"])


def test_a_partial_selection_is_not_compared(suite: pytest.Pytester, record: Callable[[], Any]) -> None:
    suite.runpytest_subprocess("--pa-model=mine-3", "--pa-record=before.json")
    result = suite.runpytest_subprocess("--pa-model=mine-3", "--pa-baseline=before.json", "-k", "case-00 or case-39")
    result.assert_outcomes(passed=1, failed=1, deselected=38)
    assert record()["comparison"] is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read: No such file or directory; make one of a run: personal-align baseline save"),
        ("{", "is not JSON"),
        ('{"results": []}', "no schema_version"),
        ('{"schema_version": 2}', "schema_version 2"),
        ('{"format": "personal-align baseline", "schema_version": 7}', "upgrade it"),
    ],
)
def test_a_bad_baseline_is_a_usage_error_before_any_call(
    project: pytest.Pytester, text: str | None, words: str
) -> None:
    if text is not None:
        (project.path / "kept.json").write_text(text)
    result = project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-baseline=kept.json")
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*--pa-baseline*{words}*"])


def test_a_baseline_without_a_shared_case_is_a_usage_error(project: pytest.Pytester) -> None:
    project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-record=before.json")
    for file in ("allergy", "phobia"):
        path = project.path / f"cases/{file}.yaml"
        path.write_text(path.read_text().replace("id: ", "id: other-"))
    result = project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-baseline=before.json")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*before.json shares no use case with this suite*"])
