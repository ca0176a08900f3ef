"""Records of parallel jobs are merged only where they hold the whole suite; a part of it is never gated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_personal_align.cli import main

Record = Callable[..., Any]
RUN = ("--pa-model=demo/attentive", "--pa-threshold=all=0.5")


@pytest.fixture
def run(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a job that leaves its record in a file of that name."""
    monkeypatch.chdir(project.path)

    def job(name: str, *options: str) -> Any:
        return project.runpytest_subprocess(*RUN, *options, f"--pa-record={name}")

    return job


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(["merge", *arguments]) == 4
    return capsys.readouterr().err


@pytest.mark.parametrize(
    "left_out", [["-k", "alone"], ["-m", "control"], ["--deselect=cases/phobia.yaml::glass-bridge[alone]"]]
)
def test_a_shard_that_left_cases_out_is_refused(
    run: Callable[..., Any], capsys: pytest.CaptureFixture[str], left_out: list[str]
) -> None:
    run("a.json", "--pa-shard=1/2")
    run("b.json", "--pa-shard=2/2", *left_out)
    assert "b.json has no result for" in refused(capsys, "a.json", "b.json")


def test_a_shard_that_was_stopped_is_refused(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project.path)
    project.path.joinpath("bot.py").write_text("import time\ndef reply(m):\n    time.sleep(0.2)\n    return 'Yes!'\n")
    project.makeini("[pytest]\npythonpath = .\n")
    run = ("--pa-model=python:bot:reply", "--pa-concurrency=1", "--pa-record=a.json", "--pa-shard=1/1")
    project.runpytest_subprocess(*run, "-x")
    assert "a.json has no result for" in refused(capsys, "a.json")
    assert project.runpytest_subprocess(*run).ret == 1
    assert main(["merge", "a.json"]) == 1


def test_shards_of_different_suites_are_refused(
    run: Callable[..., Any], project: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    run("a.json", "--pa-shard=1/2")
    cases = project.path / "cases" / "allergy.yaml"
    cases.write_text(cases.read_text().replace("severe peanut allergy", "peanut allergy"))
    run("b.json", "--pa-shard=2/2")
    assert "of another suite than a.json" in refused(capsys, "a.json", "b.json")


def test_a_part_alone_is_refused(run: Callable[..., Any], capsys: pytest.CaptureFixture[str]) -> None:
    run("a.json", "-k", "alone")
    assert "a.json has no result for 10 of the 12 cases" in refused(capsys, "a.json")
    run("b.json", "cases/allergy.yaml")
    assert "1 of the suite's 2 use cases" in refused(capsys, "b.json")


def test_a_file_of_which_one_case_was_named_is_refused(
    run: Callable[..., Any], project: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    project.path.joinpath("cases", "phobia.yaml").unlink()
    run("a.json", "cases/allergy.yaml::peanut-satay[alone]")
    assert "a.json has no result for 5 of the 6 cases" in refused(capsys, "a.json")


def test_shards_of_different_scenarios_are_refused(run: Callable[..., Any], capsys: pytest.CaptureFixture[str]) -> None:
    run("a.json", "--pa-shard=1/2")
    run("b.json", "--pa-shard=2/2", "--pa-scenario=control")
    assert "b.json is of other scenarios than a.json (control, not default)" in refused(capsys, "a.json", "b.json")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_jobs_by_file_and_jobs_that_split_the_cases_are_merged(
    run: Callable[..., Any], record: Record, workers: str
) -> None:
    run("a.json", "cases/allergy.yaml", "-n", workers)
    run("b.json", "cases/phobia.yaml", "-n", workers)
    assert main(["merge", "a.json", "b.json", "--out", "files.json"]) == 0
    run("c.json", "-k", "alone or control", "-n", workers)
    run("d.json", "-k", "not alone and not control", "-n", workers)
    assert main(["merge", "c.json", "d.json", "--out", "split.json"]) == 0
    for name in ("files.json", "split.json"):
        merged = record(name)
        assert (len(merged["cases"]), merged["run"]["partial"]) == (12, False)
        suite = merged["run"]["suite"]
        assert {(name, scenario) for name, scenarios in suite["cases"].items() for scenario in scenarios} == {
            (case["use_case"], case["scenario"]) for case in merged["cases"]
        }
    assert main(["merge", "files.json"]) == 0


def test_what_the_user_expects_stands_in_for_what_the_records_say(
    run: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run("a.json", "-k", "alone")
    assert main(["merge", "a.json", "--expect", "2"]) == 0
    assert "hold 2 cases, --expect says 12" in refused(capsys, "a.json", "--expect", "12")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_file_that_is_ignored_makes_the_run_a_part(run: Callable[..., Any], record: Record, workers: str) -> None:
    result = run("a.json", "--ignore=cases/phobia.yaml", "-n", workers)
    result.assert_outcomes(passed=6)
    found = record("a.json")
    assert found["run"]["partial"] is True
    assert found["gates"] == []
    assert any("phobia.yaml was not collected" in warning for warning in found["run"]["warnings"])
