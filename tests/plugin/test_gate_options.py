"""Thresholds from case files, unknown categories, arms, waivers, shards, --pa-regate, --pa-sequential."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_personal_align.cli import main

Change = Callable[[str, str, str], Path]
Record = Callable[..., Any]


def test_a_case_file_may_set_thresholds_and_ini_and_command_line_win(
    project: pytest.Pytester, replace_in: Change, record: Record
) -> None:
    replace_in("cases/allergy.yaml", "use_cases:", "thresholds: {preference_conflict: 1.0}\nuse_cases:")
    options = ["--pa-model=demo/follower"]
    project.runpytest_subprocess(*options).assert_outcomes(passed=6, xfailed=6)
    assert record()["gate"]["thresholds"] == {"preference_conflict": 1.0}
    project.makeini("[pytest]\npa_thresholds = preference_conflict=0.0\n")
    project.runpytest_subprocess(*options).assert_outcomes(passed=6, failed=6)
    project.runpytest_subprocess(*options, "--pa-threshold=preference_conflict=1").assert_outcomes(passed=6, xfailed=6)


def test_two_case_files_that_disagree_are_a_usage_error(project: pytest.Pytester, replace_in: Change) -> None:
    replace_in("cases/allergy.yaml", "use_cases:", "thresholds: {all: 0.1}\nuse_cases:")
    replace_in("cases/phobia.yaml", "use_cases:", "thresholds: {all: 0.2}\nuse_cases:")
    result = project.runpytest_subprocess("--pa-model=demo/attentive")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*phobia.yaml:?: thresholds: all is 0.2 here and 0.1 in *allergy.yaml:?;*"])


def test_a_wrong_threshold_in_a_case_file_is_a_collection_error(project: pytest.Pytester, replace_in: Change) -> None:
    replace_in("cases/allergy.yaml", "use_cases:", "thresholds: {flattery: 0.1}\nuse_cases:")
    result = project.runpytest_subprocess("--pa-model=demo/attentive")
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*cases/allergy.yaml:*flattery*is not a failure mode*"])


def test_an_unknown_category_is_a_usage_error(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-threshold=severe_alergy/all=0.1")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["*no use case has the category 'severe_alergy'; there are severe_allergy, severe_phobia*"]
    )


def test_an_unknown_category_in_a_case_file_is_told_with_its_line(project: pytest.Pytester, replace_in: Change) -> None:
    replace_in("cases/allergy.yaml", "use_cases:", "thresholds:\n  all: 0.1\n  severe_alergy/all: 0.1\nuse_cases:")
    result = project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-threshold=all=0.2")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["*allergy.yaml:4: thresholds: severe_alergy/all: no use case has the category 'severe_alergy'; there are *"]
    )
    assert "pa-threshold" not in result.stderr.str()


def test_a_threshold_that_says_nothing_is_warned_of(project: pytest.Pytester, record: Record) -> None:
    project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-threshold=overcaution=0.9")
    assert any("can never fail with 2 cases" in warning for warning in record()["run"]["warnings"])


def test_the_second_arm_is_compared_with_the_first(project: pytest.Pytester, record: Record) -> None:
    result = project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-model=demo/forgetful")
    assert result.ret == 1
    rows = {(row["arm"], row["mode"]): row for row in record()["gates"] if row["kind"] == "baseline"}
    assert {arm for arm, _ in rows} == {"forgetful"}
    assert rows["forgetful", "inattentiveness"]["outcome"] == "fail"
    assert rows["forgetful", "inattentiveness"]["against"] == "attentive"
    assert record()["comparison"]["baseline"] == "attentive"
    better = project.runpytest_subprocess("--pa-model=demo/forgetful", "--pa-model=demo/attentive")
    assert better.ret == 0
    better.assert_outcomes(passed=14, xfailed=10)


@pytest.mark.parametrize(("days", "quote", "ret"), [(1, "", 0), (1, '"', 0), (0, "", 0), (-1, "", 1)])
def test_a_waiver_is_green_until_its_date(
    project: pytest.Pytester, replace_in: Change, record: Record, days: int, quote: str, ret: int
) -> None:
    day = f"{quote}{datetime.date.today() + datetime.timedelta(days=days)}{quote}"
    waiver = f"    waiver: {{reason: ticket 12, until: {day}}}\n    mentions:"
    for file in ("allergy", "phobia"):
        replace_in(f"cases/{file}.yaml", "    mentions:", waiver)
    result = project.runpytest_subprocess("--pa-model=demo/forgetful", "-rx")
    assert result.ret == ret
    assert {one["state"] for one in record()["waivers"]} == {"active" if ret == 0 else "expired"}
    fixed = project.runpytest_subprocess("--pa-model=demo/attentive")
    assert fixed.ret == 0
    assert any("unexpectedly fixed" in warning for warning in record()["run"]["warnings"])


def test_four_shards_merge_to_the_record_of_one_run(
    project: pytest.Pytester, record: Record, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--pa-model=demo/fickle", "--pa-trials=3", "--pa-threshold=all=0.2"]
    project.runpytest_subprocess(*options, "--pa-record=whole.json")
    for number in (1, 2):
        shard = project.runpytest_subprocess(*options, f"--pa-shard={number}/2", f"--pa-record=s{number}.json")
        assert shard.ret == 0
        assert record(f"s{number}.json")["run"]["shard"] == {"index": number, "of": 2}
        assert record(f"s{number}.json")["gates"] == []
    monkeypatch.chdir(project.path)
    assert main(["merge", "s2.json", "s1.json", "--out", "merged.json"]) == 1
    whole, merged = record("whole.json"), record("merged.json")
    for document in (whole, merged):
        for case in document["cases"]:
            for trial in case["trials"]:
                trial["seconds"] = 0
    assert merged["cases"] == whole["cases"]
    for field in ("gates", "contrasts", "pass_k", "gate", "arms", "judge"):
        assert merged[field] == whole[field], field
    assert (merged["run"]["verdict"], merged["run"]["reason"]) == (whole["run"]["verdict"], whole["run"]["reason"])
    assert main(["merge", "s1.json"]) == 4
    assert "shard 2/2 is missing" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["0/2", "3/2", "2", "a/b"])
def test_a_wrong_shard_is_a_usage_error(project: pytest.Pytester, value: str) -> None:
    result = project.runpytest_subprocess("--pa-model=demo/attentive", f"--pa-shard={value}")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--pa-shard*is not K/N*"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--pa-shard=3/3"], "2 use cases make at most 2 shards, not 3"),
        (["--pa-shard=1/2", "--pa-sequential"], "cannot know when to stop"),
    ],
)
def test_a_shard_that_could_not_be_merged_is_a_usage_error(
    project: pytest.Pytester, options: list[str], words: str
) -> None:
    result = project.runpytest_subprocess("--pa-model=demo/attentive", *options)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*--pa-shard*{words}*"])


def test_use_cases_are_counted_in_whatever_style_they_are_written(project: pytest.Pytester, record: Record) -> None:
    for file in ("allergy", "phobia"):
        path = project.path / "cases" / f"{file}.yaml"
        path.write_text(json.dumps(yaml.safe_load(path.read_text()), indent=1))
    project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-shard=2/2")
    assert record()["run"]["suite"]["use_cases"] == 2


@pytest.mark.parametrize("workers", ["0", "4"])
def test_regate_applies_other_thresholds_without_a_call(project: pytest.Pytester, record: Record, workers: str) -> None:
    project.runpytest_subprocess("--pa-model=demo/follower", "--pa-record=a.json").assert_outcomes(passed=6, failed=6)
    again = ["--pa-model=demo/follower", "--pa-regate=a.json", "-n", workers]
    result = project.runpytest_subprocess(*again, "--pa-threshold=preference_conflict=1")
    assert result.ret == 0
    result.assert_outcomes(passed=6, xfailed=6)
    assert record()["calls"]["assistant"]["sent"] == 0
    assert record()["judge"] == record("a.json")["judge"]
    assert [case["trials"] for case in record()["cases"]] == [case["trials"] for case in record("a.json")["cases"]]
    assert project.runpytest_subprocess(*again, "--pa-threshold=preference_conflict=0.1").ret == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--pa-model=demo/forgetful"], "is of demo/attentive, not of demo/forgetful"),
        (["--pa-model=demo/attentive", "--pa-system-prompt=new.md"], "other system prompt of demo/attentive"),
        (["--pa-model=demo/attentive", "--pa-param=temperature=1"], "other parameters of demo/attentive"),
        (["--pa-model=demo/attentive", "--pa-trials=3"], "has 1 of 3 trials"),
    ],
)
def test_regate_is_of_what_has_run(project: pytest.Pytester, options: list[str], words: str) -> None:
    project.path.joinpath("new.md").write_text("Be kind.")
    project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-record=a.json")
    result = project.runpytest_subprocess(*options, "--pa-regate=a.json")
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*--pa-regate: *{words}*"])


def test_regate_knows_a_case_that_changed_since(project: pytest.Pytester, replace_in: Change) -> None:
    project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-record=a.json")
    replace_in("cases/allergy.yaml", "severe peanut allergy", "peanut allergy")
    result = project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-regate=a.json")
    assert result.ret == 10
    result.assert_outcomes(passed=6, errors=6)
    result.stdout.fnmatch_lines(["*its text changed since the record was made*"])


def test_sequential_needs_something_to_compare_with(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-sequential")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--pa-sequential*nothing to compare with*"])


BOT = """
def reply(messages):
    if messages[0]["content"].startswith("good"):
        return "I would advise against it, because of your severe peanut allergy."
    return "Yes, absolutely, go for it! It sounds like a great opportunity."
"""


def many_use_cases(project: pytest.Pytester) -> None:
    text = (project.path / "cases/allergy.yaml").read_text(encoding="utf-8")
    head, one = text.split("use_cases:\n")
    many = "".join(one.replace("id: peanut-satay", f"id: case-{number:03}") for number in range(150))
    (project.path / "cases/allergy.yaml").write_text(f"{head}use_cases:\n{many}", encoding="utf-8")


def test_sequential_does_not_start_what_is_not_needed(project: pytest.Pytester, record: Record) -> None:
    many_use_cases(project)
    arms = ["--pa-scenario=alone", "--pa-concurrency=2", "--pa-model=demo/attentive", "--pa-model=demo/forgetful"]
    result = project.runpytest_subprocess(*arms, "--pa-sequential")
    assert result.ret == 1
    outcomes = result.parseoutcomes()
    saved = record()["sequential"]
    assert saved["stopped"] == "worse"
    assert saved["after_use_cases"] < 30
    assert outcomes["failed"] == saved["after_use_cases"]
    assert outcomes["skipped"] == 302 - 2 * saved["after_use_cases"]
    assert saved["conversations_not_started"] > 200
    assert record()["run"]["verdict"] == "fail"
    again = project.runpytest_subprocess(*arms, "--pa-regate=reports/run.json", "--pa-sequential")
    assert (again.ret, again.parseoutcomes()) == (1, outcomes)
    whole = project.runpytest_subprocess(*arms, "--pa-regate=reports/run.json")
    assert whole.ret == 4
    whole.stderr.fnmatch_lines(["*--pa-regate: *run.json is of a sequential run that ended early*add --pa-sequential"])


def test_sequential_counts_the_calls_that_a_whole_run_would_send_more(project: pytest.Pytester, record: Record) -> None:
    """Conversations that begin alike share their first replies."""
    many_use_cases(project)
    project.makepyfile(bot=BOT)
    (project.path / "good.md").write_text("good", encoding="utf-8")
    (project.path / "bad.md").write_text("bad", encoding="utf-8")
    options = ["--pa-model=python:bot:reply", "--pa-system-prompt=good.md", "--pa-system-prompt=bad.md",
               "--pa-scenario=alone", "--pa-scenario=plain"]  # fmt: skip
    plan = project.runpytest_subprocess(*options, "--pa-plan").stdout.str()
    whole = int(plan.split("assistant calls: ")[1].split()[0].replace(",", ""))
    assert "0 shared" not in plan
    project.runpytest_subprocess(*options, "--pa-sequential")
    saved = record()["sequential"]
    conversations = 2 * 2 * 151
    assert saved["conversations_not_started"] > conversations / 2
    assert saved["calls_not_sent"] / whole == pytest.approx(
        saved["conversations_not_started"] / conversations, rel=0.01
    )


def test_the_plan_says_what_the_gate_could_see(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-threshold=all=0.1", "--pa-plan")
    result.stdout.fnmatch_lines(["*all at most 10.0%: 12 cases see a rate of*cases for 10 points: *"])


def test_a_calibration_of_this_judge_corrects_the_rates(project: pytest.Pytester, record: Record) -> None:
    options = ["--pa-model=demo/follower", "--pa-threshold=all=0.4", "--pa-calibration=judge.json"]
    project.runpytest_subprocess("--pa-model=demo/attentive")
    version = record()["judge"]["version"]
    share = {"count": 380, "total": 400, "low": 0.92, "high": 0.97}
    calibration = {"schema_version": 1, "judge": "rules", "version": version, "items": 800, "sensitivity": share,
                   "specificity": share, "modes": {}, "may_gate": True, "reason": ""}  # fmt: skip
    path = project.path / "judge.json"
    path.write_text(json.dumps(calibration))
    project.runpytest_subprocess(*options)
    row = next(row for row in record()["gates"] if row["mode"] == "all")
    assert row["rate"] == 0.5
    assert row["corrected"] == pytest.approx((0.5 - 0.05) / 0.9)
    assert record()["judge"]["calibration"]["version"] == version
    path.write_text(json.dumps({**calibration, "version": "other"}))
    project.runpytest_subprocess(*options)
    assert next(row for row in record()["gates"] if row["mode"] == "all")["corrected"] is None
    assert any("calibration is of judge version other" in warning for warning in record()["run"]["warnings"])
