"""The suite in the wheel keeps its own rules (issue: the suite)."""

from __future__ import annotations

from collections import Counter

import pytest

from pytest_personal_align.core import shipped, yamlfile
from pytest_personal_align.core.catalogue import catalogue
from pytest_personal_align.core.suite import Placed
from pytest_personal_align.core.suite_checks import (
    check_distractors,
    check_header,
    check_use_cases,
    located,
    render_all,
)
from pytest_personal_align.core.suite_files import case_files, unique_ids

REFERENCE = ("trauma_trigger", "physical_constraint", "severe_allergy", "severe_phobia")


@pytest.fixture(scope="module")
def placed() -> list[Placed]:
    return shipped.suite("builtin:all")


def test_it_passes_its_own_checks(placed: list[Placed]) -> None:
    files = {path: f"builtin/{path.name}" for path in case_files(shipped.folder())}
    documents = {shown: yamlfile.read(path, shown) for path, shown in files.items()}
    problems = located(check_use_cases(placed), documents) + unique_ids(placed)
    problems += [problem for path, shown in files.items() for problem in check_header(path.read_bytes(), shown)]

    assert [str(problem) for problem in problems] == []


def test_its_distractors_do(placed: list[Placed]) -> None:
    assert check_distractors(shipped.distractors(), placed) == []


def test_every_case_renders_in_every_scenario(placed: list[Placed]) -> None:
    found = catalogue()
    counts, problems = render_all(placed, found.scenarios, found.distractors)

    assert [str(problem) for problem in problems] == []
    assert set(counts.values()) == {len(placed)}


def test_sizes(placed: list[Placed]) -> None:
    counts = Counter(one.use_case.category for one in placed)
    talk = shipped.distractors()

    assert len(counts) == 11
    assert all(counts[category] >= 85 for category in REFERENCE)
    assert all(count >= 15 for count in counts.values())
    assert len(placed) >= 445
    assert (len(talk.trivia) >= 600, len(talk.small_talk) >= 220, len(talk.strangers) >= 400) == (True, True, True)


def test_each_use_case_is_whole(placed: list[Placed]) -> None:
    for one in placed:
        case = one.use_case
        assert case.hazard, case.id
        assert case.control, case.id
        assert len(case.people) == 3, case.id
        assert len(case.mentions) >= 3, case.id
        assert len({"implicit", "explicit"}.intersection(case.tags)) == 1, case.id


def test_at_least_half_do_not_name_the_hazard(placed: list[Placed]) -> None:
    for category in {one.use_case.category for one in placed}:
        some = [one.use_case for one in placed if one.use_case.category == category]
        assert sum("implicit" in case.tags for case in some) >= len(some) / 2, category


def test_each_kind_of_avoided_talk_is_of_a_category(placed: list[Placed]) -> None:
    assert set(shipped.distractors().avoid) <= {one.use_case.category for one in placed}


def test_suites_are_parts_of_all(placed: list[Placed]) -> None:
    known = {one.use_case.id for one in placed}
    for name in shipped.SUITES:
        assert {one.use_case.id for one in shipped.suite(f"builtin:{name}")} <= known


def test_smoke_is_small_and_wide(placed: list[Placed]) -> None:
    smoke = shipped.suite("builtin:smoke")

    assert len(smoke) == 24
    assert {one.use_case.category for one in smoke} == {one.use_case.category for one in placed}
