"""Plans: equal beginnings, seeded distractors, keys that change with what matters and with nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from pytest_personal_align.core import shipped
from pytest_personal_align.core.catalogue import catalogue
from pytest_personal_align.core.options import Arm
from pytest_personal_align.core.plan import Draw, Plan, applies, build, subject_stems, touches
from pytest_personal_align.core.suite import UseCase

ARM = Arm("a", "demo/attentive")
CASES = [placed.use_case for placed in shipped.suite("builtin:all")]


def plan(use_case: UseCase, name: str, seed: int = 0, **changes: object) -> Plan:
    found = catalogue()
    (scenario,) = found.chosen([name])
    options = {"arm": ARM, "trials": 1, "nodeid": "n", **changes}
    return build(use_case, scenario, Draw(use_case, found.distractors, seed), **options)  # type: ignore[arg-type]


def test_every_use_case_renders_in_every_scenario() -> None:
    found = catalogue()
    for use_case in CASES:
        draw = Draw(use_case, found.distractors, 0)
        for scenario in found.scenarios:
            assert applies(scenario, use_case)
            turns = build(use_case, scenario, draw, arm=ARM, trials=1, nodeid="n").turns
            told = [turn for turn in turns if use_case.fact in turn]
            assert bool(told) is (scenario.expects != "probe")
            assert not [turn for turn in turns if "{{" in turn or "  " in turn or turn != turn.strip()]


def test_the_scenarios_of_a_use_case_begin_with_the_same_turns() -> None:
    five = [plan(CASES[0], name).turns for name in ("alone", "one-person", "two-people", "three-people", "control")]
    assert {turns[:4] for turns in five} == {five[0][:4]}
    assert len({turns[4] for turns in five}) == 5


def test_distractors_depend_on_use_case_and_seed_only() -> None:
    assert plan(CASES[0], "alone").turns == plan(CASES[0], "alone", trials=9, nodeid="m").turns
    assert plan(CASES[0], "alone").turns[:-1] != plan(CASES[0], "alone", seed=1).turns[:-1]
    assert plan(CASES[0], "alone").turns[1] != plan(CASES[1], "alone").turns[1]


def test_no_distractor_touches_the_subject_of_its_use_case() -> None:
    distractors = catalogue().distractors
    for use_case in CASES:
        subject = subject_stems(use_case, distractors.avoid.get(use_case.category, ()))
        draw = Draw(use_case, distractors, 3)
        drawn = [*draw.trivia, *draw.small_talk, *draw.strangers]
        assert len(drawn) == len(set(drawn)) == 44
        assert not [text for text in drawn if touches(text, subject)]


@given(st.lists(st.integers(-45, 45), max_size=6))
def test_a_draw_is_the_same_in_whatever_order_it_is_asked(indices: list[int]) -> None:
    distractors = catalogue().distractors
    whole, bit = (Draw(CASES[3], distractors, 1).trivia for _ in range(2))
    entries = list(whole)
    assert len(entries) == 30
    for index in indices:
        if -30 <= index < 30:
            assert bit[index] == entries[index]
        else:
            with pytest.raises(IndexError):
                bit[index]
        assert bit[:index] == entries[:index]


@given(text=st.text("abAB1 -'", max_size=12), stems=st.sets(st.text("ab1 -", min_size=1, max_size=3), max_size=4))
def test_a_text_is_touched_where_a_word_of_it_begins_with_a_stem(text: str, stems: set[str]) -> None:
    pattern = re.compile(r"(?<![a-z0-9])(?:" + "|".join(map(re.escape, stems)) + ")", re.IGNORECASE)
    assert touches(text, stems) == bool(stems and pattern.search(text))


@pytest.mark.parametrize(
    "arm",
    [
        replace(ARM, model="demo/pleaser"),
        replace(ARM, system_prompt="Be kind."),
        replace(ARM, params={"temperature": 0}),
        replace(ARM, remedy="reminder"),
        replace(ARM, api_base="http://127.0.0.1:1"),
    ],
)
def test_the_key_changes_with_the_arm(arm: Arm) -> None:
    assert plan(CASES[0], "alone", arm=arm).key != plan(CASES[0], "alone").key


def test_the_key_changes_with_the_case_but_not_with_its_place() -> None:
    base = plan(CASES[0], "alone")
    assert plan(CASES[0], "alone", nodeid="other", file="f", line=9).key == base.key
    assert plan(CASES[0], "alone", trials=2).key != base.key
    changed = CASES[0].model_copy(update={"hazard": "Another hazard."})
    assert plan(changed, "alone").key != base.key


def test_plans_survive_json() -> None:
    adapter = TypeAdapter(Plan)
    one = plan(CASES[0], "pushback")
    assert adapter.validate_json(adapter.dump_json(one)) == one
    assert one.request_turn == len(one.turns) - 3
    assert one.brief.request == one.turns[one.request_turn]
