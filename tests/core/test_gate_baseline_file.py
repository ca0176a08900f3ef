"""The kept baseline: its text, and what is wrong with files that are none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align.core import baseline, comparable
from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.recorded import cases_of
from tests.core.gate_cases import record, results, suite


def kept(**run: Any) -> Any:
    plans = suite(5, ("old", "new"), trials=3)
    return record(plans, results(plans, 4), **run)


def test_it_is_sorted_has_a_line_a_case_and_no_reply(tmp_path: Path) -> None:
    text = baseline.compact(kept(), "run.json")
    lines = [line for line in text.splitlines() if line.startswith('{"use_case"')]
    assert len(lines) == 30
    assert lines == sorted(
        lines, key=lambda line: tuple(json.loads(line.rstrip(","))[k] for k in ("use_case", "scenario", "arm"))
    )
    assert "messages" not in text
    assert json.loads(text)["judge"]["version"] == "v1"


def test_it_says_of_each_case_what_the_record_says(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_text(baseline.compact(kept(), "run.json"))
    compact = {(c.use_case, c.scenario, c.arm): c for c in baseline.read(path, "--pa-baseline").cases}
    for case in cases_of(kept()):
        other = compact[case.use_case, case.scenario, case.arm]
        for name in ("verdicts", "outcome", "failure_mode", "trial_modes", "content", "expects", "people", "category"):
            assert getattr(case, name) == getattr(other, name), name
    assert baseline.read(path, "--pa-baseline").digest == baseline.of_record(kept(), "run.json").digest


def test_it_keeps_each_trials_mode_where_these_differ(tmp_path: Path) -> None:
    run = json.loads(kept().model_dump_json())
    case = next(case for case in run["cases"] if case["expects"] == "protect")
    trials = [{**case["trials"][0], "outcome": "fail", "failure_mode": mode}
              for mode in ("sycophancy", "overcaution", "sycophancy")]  # fmt: skip
    case["trials"] = trials
    changed = type(kept()).model_validate(run)
    text = baseline.compact(changed, "run.json")
    mode = "inconsistency" if '"inconsistency"' in text else "inattentiveness"  # overcaution in no control
    assert f'"modes": ["sycophancy", "{mode}", "sycophancy"]' in text
    path = tmp_path / "kept.json"
    path.write_text(text)
    assert baseline.read(path, "--pa-baseline").digest == baseline.of_record(changed, "run.json").digest
    path.write_text(text.replace('"sycophancy"]', '"sycophancy", null]'))
    with pytest.raises(OptionError, match="4 modes for 3 verdicts"):
        baseline.read(path, "--pa-baseline")


def test_one_arm_of_several_can_be_kept() -> None:
    assert '"arm"' not in baseline.compact(kept(), "run.json", "new")
    with pytest.raises(OptionError, match="has no arm 'nobody'; it has old, new"):
        baseline.compact(kept(), "run.json", "nobody")


def test_a_run_that_says_nothing_is_not_kept() -> None:
    with pytest.raises(OptionError, match="part of the suite"):
        baseline.compact(kept(partial=True), "run.json")
    for run in ({"verdict": "invalid"}, {"verdict": None}, {"interrupted": True}):
        with pytest.raises(OptionError):
            baseline.compact(kept(**run), "run.json")


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "cannot be read"), ("not json", "is not JSON"), ("[1]", "no schema_version"),
     ('{"a": 1}', "no schema_version"),
     ('{"schema_version": 9}', "schema_version 9"), ('{"schema_version": 1}', "not a whole run record"),
     ('{"format": "personal-align baseline", "schema_version": 2}', "upgrade it"),
     ('{"format": "personal-align baseline", "schema_version": 1, "judge": {}}', "is damaged"),
     ('{"format": "personal-align baseline", "schema_version": 1, "judge": {"name": "a", "version": "b"},'
      '"arms": [{"name": "a", "model": "m"}], "cases": []}', "is damaged"),
     *(('{"format": "personal-align baseline", "schema_version": 1, "judge": {"name": "a", "version": "b"},'
        '"arms": [{"name": "a", "model": "m"}],'
        f'"cases": [{{"use_case": "u", "scenario": "s", "category": "c", "verdicts": "{letters}"}}]}}', "verdicts")
       for letters in ("x", ""))],
)  # fmt: skip
def test_a_file_that_is_no_baseline_is_an_error_that_says_what_to_do(
    tmp_path: Path, text: str | None, words: str
) -> None:
    path = tmp_path / "kept.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(OptionError, match=words):
        baseline.read(path, "--pa-baseline")


def test_another_projects_baseline_is_an_error() -> None:
    of = baseline.of_record(kept(), "kept.json")
    comparable.require_shared(of, {"u001", "other"}, "--pa-baseline")
    with pytest.raises(OptionError, match="shares no use case"):
        comparable.require_shared(of, {"other"}, "--pa-baseline")


def test_of_several_kept_arms_the_one_of_the_same_name_is_the_base() -> None:
    of = baseline.of_record(kept(), "kept.json")
    assert {case.arm for case in of.of_arm("new").values()} == {"new"}
    assert of.base("new", "demo/new", set()).name == "kept.json (new)"
    assert comparable.fitted(of, {"new": "a", "old": "b"}, "--pa-baseline") == of
    with pytest.raises(OptionError, match=r"keeps 2 arms \(old, new\), and none is called other: .*--arm NAME"):
        comparable.fitted(of, {"new": "demo/new", "other": "demo/other"}, "--pa-baseline")
    assert not of.of_arm("other")
    assert not of.base("other", "demo/other", set()).cases


def test_an_arm_of_another_name_is_compared_with_the_only_one_of_its_model() -> None:
    """A lone arm is called by its model, one of several more shortly."""
    both = baseline.of_record(kept(), "kept.json")
    of = replace(both, arms=tuple(replace(arm, model=f"openai/{arm.name}") for arm in both.arms))
    found = comparable.fitted(of, {"openai/new": "openai/new"}, "--pa-baseline")
    assert {case.arm for case in found.of_arm("openai/new").values()} == {"new"}
    assert found.base("openai/new", "openai/new", set()).name == "kept.json (new)"
    one_model = replace(both, arms=tuple(replace(arm, model="openai/one") for arm in both.arms))
    with pytest.raises(OptionError, match="none is called openai/one"):
        comparable.fitted(one_model, {"openai/one": "openai/one"}, "--pa-baseline")


def test_a_baseline_of_one_arm_is_the_base_of_any(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_text(baseline.compact(kept(), "run.json", "new"))
    of = baseline.read(path, "--pa-baseline")
    assert comparable.fitted(of, {"other": "a", "another": "b"}, "--pa-baseline") == of
    assert len(of.of_arm("other")) == 15
    assert of.base("other", "demo/other", set()).name == "kept.json"


def test_each_case_of_several_arms_has_a_name_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_text(baseline.compact(kept(), "run.json"))
    assert len({case.nodeid for case in baseline.read(path, "--pa-baseline").cases}) == 30


def test_a_case_that_a_merge_in_git_left_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    text = baseline.compact(kept(), "run.json", "new")
    first = next(line for line in text.splitlines() if line.startswith('{"use_case"'))
    again = json.loads(first.rstrip(","))
    path.write_text(text.replace(first, f"{first}\n{json.dumps({**again, 'verdicts': 'uuu', 'modes': ()})},"))
    with pytest.raises(OptionError, match=r"u000\[alone\] is in it twice for the arm new"):
        baseline.read(path, "--pa-baseline")
    record = kept()
    twice = record.model_copy(update={"cases": [*record.cases, record.cases[0]]})
    with pytest.raises(OptionError, match="is in it twice"):
        baseline.of_record(twice, "run.json")


def test_a_record_without_its_arms_is_refused() -> None:
    with pytest.raises(OptionError, match="is damaged: u000 has the unknown arm old"):
        baseline.of_record(kept().model_copy(update={"arms": []}), "run.json")


def test_why_nothing_is_comparable_is_said_as_it_is() -> None:
    plans = suite(2)
    asked = comparable.of_cases(record(plans, results(plans, 4)))

    def why(letters: str, cases: list[baseline.Known]) -> str:
        of = baseline.of_record(record(plans, results(plans, 4, letters)), "kept.json")
        with pytest.raises(OptionError) as refused:
            comparable.require_comparable(of, cases, "compare")
        return str(refused.value)

    assert "there they ended in errors" in why("e", asked)
    assert "their texts differ" in why("p", [(arm, where, "other") for arm, where, _ in asked])
    assert "none of these scenarios" in why("p", [(arm, ("other", "alone"), text) for arm, _, text in asked])
