"""However a suite is split over jobs, their records make the record of one run, or are refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.merge import merge
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.record import RunRecord, SuiteInfo
from pytest_personal_align.core.regate import regate
from pytest_personal_align.core.result import CaseResult
from tests.core.gate_cases import SCENARIOS, plan, record, results

FILES = ("cases/a/x.yaml", "cases/a.yaml", "cases/b.yaml")  # as pytest collects them: folders and files by name
IDLE = "u999"  # a use case that no scenario applies to, in the last file
ARMS = ("old", "new")
Split = Callable[[Sequence[Plan], int, random.Random], list[tuple[list[Plan], list[Plan]]]]


def whole_suite(use_cases: int) -> list[Plan]:
    return [
        plan(f"u{index:03}", scenario, arm, file=FILES[index * len(FILES) // use_cases], line=index)
        for index in range(use_cases)
        for scenario in SCENARIOS
        for arm in ARMS
    ]


def info(collected: Sequence[Plan], use_cases: int, **changes: Any) -> SuiteInfo:
    cases: dict[str, dict[str, None]] = {IDLE: {}} if any(one.file == FILES[-1] for one in collected) else {}
    for one in collected:
        cases.setdefault(one.brief.use_case, {})[one.brief.scenario] = None
    known = {"digest": "d", "use_cases": use_cases, "scenarios": ["default"]}
    return SuiteInfo(cases={name: list(scenarios) for name, scenarios in cases.items()}, **{**known, **changes})


def job(ran: Sequence[Plan], collected: Sequence[Plan], use_cases: int, found: Sequence[CaseResult]) -> RunRecord:
    """What a job leaves that collected some cases and ran some of these."""
    made = record(ran, found, suite=info(collected, use_cases + 1))
    return made.model_copy(update={"arms": record(collected, found).arms})


def by_file(plans: Sequence[Plan], jobs: int, chance: random.Random) -> list[tuple[list[Plan], list[Plan]]]:
    place = {file: chance.randrange(jobs) for file in FILES}
    parts = [[one for one in plans if place[one.file] == index] for index in range(jobs)]
    return [(part, part) for part in parts if part]


def by_use_case(plans: Sequence[Plan], jobs: int, chance: random.Random) -> list[tuple[list[Plan], list[Plan]]]:
    place = {one.brief.use_case: chance.randrange(jobs) for one in plans}
    parts = [[one for one in plans if place[one.brief.use_case] == index] for index in range(jobs)]
    return [(part, list(plans)) for part in parts if part]


def by_case(plans: Sequence[Plan], jobs: int, chance: random.Random) -> list[tuple[list[Plan], list[Plan]]]:
    """As pytest-split does: each job collects all and runs some."""
    place = [chance.randrange(jobs) for _ in plans]
    parts = [[one for one, at in zip(plans, place, strict=True) if at == index] for index in range(jobs)]
    return [(part, list(plans)) for part in parts if part]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.sampled_from([by_file, by_use_case, by_case]))
def test_any_split_merges_to_the_record_of_one_run(seed: int, jobs: int, split: Split) -> None:
    chance, options = random.Random(seed), GateOptions({"all": 0.2, "unclear": 0.1})
    plans = whole_suite(6)
    found = results(plans, seed)
    parts = [job(*part, 6, found) for part in split(plans, jobs, chance)]
    named = [(f"{index}.json", part) for index, part in enumerate(parts)]
    chance.shuffle(named)
    one_run = regate(job(plans, plans, 6, found), options).record
    joined = regate(merge(named), options).record
    told = joined.run.model_copy(update={"command": one_run.run.command})
    assert told.suite is not None
    assert one_run.run.suite is not None
    assert told.suite == one_run.run.suite  # dicts are equal in any order
    assert joined.model_copy(update={"run": told}) == one_run
    if len(named) > 1:
        with pytest.raises(OptionError, match=r"of the suite's 7 use cases|has no result for"):
            merge(named[1:])
    assert merge([("merged.json", joined)]).cases == one_run.cases


def test_a_merged_part_is_not_taken_for_the_whole() -> None:
    plans = whole_suite(6)
    found = results(plans, 1)
    parts = [[one for one in plans if one.file == file] for file in FILES]
    first, second, third = (job(part, part, 6, found) for part in parts)
    two = merge([("a.json", first), ("b.json", second)], whole=False)
    with pytest.raises(OptionError, match=r"collected 4 of the suite's 7 use cases"):
        merge([("two.json", two)])
    assert len(merge([("two.json", two), ("c.json", third)]).cases) == len(plans)


def test_parts_with_other_scenarios_are_refused_where_nobody_counts_them() -> None:
    plans = whole_suite(6)
    found = results(plans, 1)
    harmless = [one for one in plans if one.brief.scenario == "control"]
    rest = [one for one in plans if one.brief.scenario != "control"]
    parts = [("rest.json", job(rest, rest, 6, found)), ("control.json", job(harmless, harmless, 6, found))]
    control = parts[1][1]
    suite = info(harmless, 7, scenarios=["control"])
    parts[1] = ("control.json", control.model_copy(update={"run": control.run.model_copy(update={"suite": suite})}))
    with pytest.raises(
        OptionError, match=r"control.json is of other scenarios than rest.json \(control, not default\)"
    ):
        merge(parts)
    counted = merge(parts, whole=False)
    assert counted.run.suite is not None
    assert counted.run.suite.scenarios == ["control", "default"]
    assert {case.nodeid for case in counted.cases} == {one.nodeid for one in plans}


def test_parts_of_different_suites_are_refused_however_many_cases_there_should_be() -> None:
    plans = whole_suite(6)
    found = results(plans, 1)
    one, two = (job(part, part, 6, found) for part in (plans[:18], plans[18:]))
    changed = two.run.model_copy(update={"suite": info(plans[18:], 7, digest="other")})
    with pytest.raises(OptionError, match=r"two.json is of another suite than one.json"):
        merge([("one.json", one), ("two.json", two.model_copy(update={"run": changed}))], whole=False)


@pytest.mark.parametrize("names", [("a.json", "a.json"), ("a.json", "b.json")])
def test_a_case_counts_once_whatever_folder_its_job_ran_in(names: tuple[str, str]) -> None:
    plans = whole_suite(6)
    kept = job(plans, plans, 6, results(plans, 1))
    moved = [case.model_copy(update={"nodeid": case.nodeid.removeprefix("cases/")}) for case in kept.cases]
    with pytest.raises(OptionError, match=f"in {names[0]} and in {names[1]}: give each record once"):
        merge([(names[0], kept), (names[1], kept.model_copy(update={"cases": moved}))])
