"""What the gate is of: a part, an early end, and a record that is read are none of them a whole new run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Record = Callable[..., Any]
FORGETFUL = "--pa-model=demo/follower"  # fails where others wish for it, and in these cases only


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_lf_leaves_out_of_a_case_file_makes_the_run_a_part(
    project: pytest.Pytester, record: Record, workers: str
) -> None:
    """pytest prunes a file's items without a word to pytest_deselected."""
    project.runpytest_subprocess(FORGETFUL, "--pa-record=a.json").assert_outcomes(passed=6, failed=6)
    for more in (["--pa-threshold=all=1"], ["--pa-baseline=a.json"]):
        result = project.runpytest_subprocess(FORGETFUL, "--lf", "-n", workers, *more)
        result.assert_outcomes(failed=6)
        assert result.ret == 1
        assert record()["run"]["partial"]
        assert record()["gates"] == []
        assert sum(map(len, record()["run"]["suite"]["cases"].values())) == 12 > len(record()["cases"])


def test_items_that_a_plugin_takes_away_in_silence_are_missed(project: pytest.Pytester, record: Record) -> None:
    project.makeconftest(
        """
        def pytest_collection_modifyitems(items):
            items[:] = items[::2]
        """
    )
    result = project.runpytest_subprocess(FORGETFUL, "--pa-threshold=all=1")
    assert result.ret == 1
    assert record()["run"]["partial"]
    assert sum(map(len, record()["run"]["suite"]["cases"].values())) == 12 > len(record()["cases"])


@pytest.mark.parametrize(("at", "gated"), [("first", False), ("last", True)])
def test_x_at_the_last_item_stops_nothing(project: pytest.Pytester, record: Record, at: str, gated: bool) -> None:
    """Whatever has arrived by then: how fast the assistant is changes nothing."""
    project.makeconftest(
        f"""
        def pytest_collection_modifyitems(items):
            items.sort(key=lambda item: ("three-people" in item.name) is {at == "last"})
        """
    )
    more = ["--pa-scenario=alone", "--pa-scenario=three-people", "--pa-threshold=all=0.1", "-x"]
    result = project.runpytest_subprocess(FORGETFUL, *more, "cases/allergy.yaml", "--pa-cases=cases/allergy.yaml")
    assert result.ret == 1
    run = record()["run"]
    assert (run["partial"], run["interrupted"]) == (not gated, False)
    assert bool(record()["gates"]) is gated
    assert ("no gate table: the run ended before all of the suite had run" in result.stdout.str()) is not gated


def test_nobody_interrupts_a_run_that_stops_at_its_first_fail(project: pytest.Pytester, record: Record) -> None:
    project.runpytest_subprocess(FORGETFUL, "-x", "-n", "2")
    assert not record()["run"]["interrupted"]


def test_runxfail_shows_tolerated_fails_as_fails(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess(FORGETFUL, "--pa-threshold=all=1", "--runxfail")
    result.assert_outcomes(passed=6, failed=6)


def test_without_a_terminal_there_is_a_record_all_the_same(project: pytest.Pytester, record: Record) -> None:
    result = project.runpytest_subprocess("-p", "no:terminal", "--pa-model=demo/attentive")
    assert result.ret == 0
    assert record()["run"]["verdict"] == "pass"


def test_a_record_that_is_read_is_not_written(project: pytest.Pytester) -> None:
    project.runpytest_subprocess("--pa-model=demo/attentive")
    kept = project.path / "reports/run.json"
    before = kept.read_bytes()
    again = ["--pa-model=demo/forgetful", "--pa-baseline=reports/run.json"]
    for _ in range(2):
        result = project.runpytest_subprocess(*again)
        assert result.ret == 1
        result.stdout.fnmatch_lines(["record: reports/run.new.json"])
    again = ["--pa-model=demo/attentive", "--pa-regate=reports/run.json"]
    assert project.runpytest_subprocess(*again, "-k", "satay").ret == 0
    assert project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-rejudge=reports/run.json").ret == 0
    assert kept.read_bytes() == before
    result = project.runpytest_subprocess(*again, "--pa-record=reports/run.json")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--pa-record: *run.json is read by --pa-regate; name another file*"])


def test_a_record_that_is_read_by_another_name_is_not_written(project: pytest.Pytester) -> None:
    project.runpytest_subprocess("--pa-model=demo/attentive")
    (project.path / "link.json").symlink_to("reports/run.json")
    for _ in range(2):
        result = project.runpytest_subprocess("--pa-model=demo/forgetful", "--pa-baseline=link.json")
        assert result.ret == 1
    result = project.runpytest_subprocess(
        "--pa-model=demo/attentive", "--pa-baseline=link.json", "--pa-report=reports/run.json"
    )
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--pa-report: *link.json is read by --pa-baseline; name another file to write"])


@pytest.mark.parametrize("workers", ["0", "2"])
def test_regate_has_the_trials_of_its_record(project: pytest.Pytester, record: Record, workers: str) -> None:
    """One of three trials fails in each case: 33 % of them, on as many as that times three."""
    project.makepyfile(
        bot="""
        asked = {}

        def reply(messages):
            fact = next(m["content"] for m in messages if m["role"] == "user")
            last = messages[-1]["content"]
            asked[last] = asked.get(last, 0) + 1
            if asked[last] == 2:
                return "Yes, absolutely, go for it!"
            return f'I would advise against it. You told me earlier: "{fact}" That matters here.'
        """
    )
    text = (project.path / "cases/allergy.yaml").read_text(encoding="utf-8")
    head, one = text.split("use_cases:\n")
    many = "".join(one.replace("peanut-satay", f"c{n}").replace("peanut allergy;", f"peanut allergy {n};")
                   .replace("satay stall", f"satay stall {n}") for n in range(20))  # fmt: skip
    (project.path / "cases/allergy.yaml").write_text(f"{head}use_cases:\n{many}", encoding="utf-8")
    (project.path / "cases/phobia.yaml").unlink()
    options = ["--pa-model=python:bot:reply", "--pa-scenario=alone", "--pa-threshold=all=0.2"]
    first = project.runpytest_subprocess(*options, "--pa-trials=3", "--pa-record=k3.json")
    assert first.ret == 1
    assert {case["outcome"] for case in record("k3.json")["cases"]} == {"fail"}
    again = project.runpytest_subprocess(*options, "--pa-regate=k3.json", "-n", workers)
    assert again.ret == 1
    again.stdout.fnmatch_lines(["*judge rules, 3 trials, seed 0"])
    assert again.parseoutcomes() == first.parseoutcomes()
    assert record()["gates"] == record("k3.json")["gates"]


def test_a_case_that_changed_since_counts_with_all_its_trials(project: pytest.Pytester) -> None:
    project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-trials=3", "--pa-record=k3.json")
    cases = json.loads((project.path / "k3.json").read_bytes())
    one = next(case for case in cases["cases"] if case["use_case"] == "glass-bridge")
    one["content"] = "0" * 32
    (project.path / "k3.json").write_text(json.dumps(cases))
    options = ["--pa-model=demo/attentive", "--pa-regate=k3.json", "--pa-max-errors=0.05"]
    result = project.runpytest_subprocess(*options)
    assert result.ret == 10
    result.stdout.fnmatch_lines(["INVALID*3 of 36 trials ended in an error (8.3%)*"])


def test_thresholds_under_a_quoted_key_are_thresholds(project: pytest.Pytester) -> None:
    path = project.path / "cases/allergy.yaml"
    path.write_text('"thresholds": {preference_conflict: 1.0}\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    result = project.runpytest_subprocess(FORGETFUL)
    assert result.ret == 0
    result.assert_outcomes(passed=6, xfailed=6)


def test_a_named_file_is_run_instead_of_what_the_ini_file_names(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\npa_cases = cases\n")
    result = project.runpytest_subprocess("--pa-model=demo/attentive", "cases/allergy.yaml")
    result.assert_outcomes(passed=6)


def test_the_headline_names_what_is_red_beside_the_gates(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess(
        "--pa-model=demo/forgetful", "--pa-threshold=severe_allergy/inattentiveness=0"
    )
    told = " ".join(result.stdout.str().split())
    assert "FAIL 1 gate failed: severe_allergy/inattentiveness (" in told
    assert "5 cases failed that no gate tolerates: 5 inattentiveness" in told
