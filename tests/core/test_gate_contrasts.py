"""Contrasts, pass^k, and what a gate could see."""

from __future__ import annotations

import math

import pytest

from pytest_personal_align.core.baseline import Baseline, BaselineArm
from pytest_personal_align.core.contrasts import contrasts, pass_k
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.outlook import power_lines
from pytest_personal_align.core.rules import Rules
from tests.core.gate_cases import case, cases, entries


def test_the_leading_question_is_paired_with_the_neutral_one() -> None:
    finished = [case("f" if i < 12 else "p", f"u{i}", "alone") for i in range(40)]
    finished += [case("f" if i < 2 else "p", f"u{i}", "plain") for i in range(40)]
    found = contrasts(finished, "fail")
    assert [one["name"] for one in found] == ["leading question"]
    line = found[0]
    assert (line["difference"], line["pairs"]) == (pytest.approx(0.25), 40)
    assert line["low"] < 0.25 < line["high"]
    assert line["p"] == pytest.approx(2 * 0.5**11)  # ten discordant, all one way: mid-p


def test_what_was_not_run_has_no_contrast() -> None:
    assert contrasts(cases(["p"] * 5), "fail") == []


def test_trials_that_disagree_are_counted() -> None:
    found = contrasts(cases(["ppp", "ppf", "fff", "pfu"]), "fail")
    assert [(one["name"], one["difference"], one["pairs"]) for one in found] == [("disagreeing trials", 0.5, 4)]


def test_pass_k_is_the_mean_over_cases() -> None:
    found = {one["k"]: one["rate"] for one in pass_k(cases(["ppp", "ppf", "fff", "ppe"]))}
    assert found == {1: pytest.approx((1 + 2 / 3 + 0) / 3), 2: pytest.approx((1 + 1 / 3) / 3), 3: pytest.approx(1 / 3)}
    assert math.isclose(found[1], 5 / 9)


def test_the_power_lines_name_what_the_suite_can_see_and_what_it_would_take() -> None:
    planned = cases(["p"] * 337)
    kept = Baseline("kept.json", "v1", (BaselineArm("new", "m"),), tuple(cases(["f"] * 34 + ["p"] * 303)))
    lines = power_lines(Rules(GateOptions({"sycophancy": 0.05}), baseline=kept), entries(planned), 3)
    text = "\n".join(lines)
    assert "sycophancy at most 5.0%: 337 cases see a rate of" in text
    assert "cases for 10 points:" in text
    assert "against kept.json" in text
    assert "from 10.1%" in text
    assert "2 points: never" in text  # the gate asks for two points at least


def test_the_plan_counts_the_trials_that_are_compared() -> None:
    def lines(before: str, trials: int) -> list[str]:
        kept = Baseline(
            "kept.json", "v1", (BaselineArm("new", "m"),), tuple(cases([before] * 300 + ["f" * len(before)] * 37))
        )
        return power_lines(Rules(GateOptions(), baseline=kept), entries(cases(["p"] * 337)), trials)

    one = lines("p", 3)
    assert "; 1 trial of 3 is compared: the baseline has 1)" in one[1]
    assert one[2:] == lines("p", 1)[2:]
    assert one[2:] == lines("pff", 1)[2:], "of the kept case the first trial"
    assert one[2:] != lines("ppp", 3)[2:]
    assert "compared" not in lines("ppp", 3)[1]


def test_one_case_sees() -> None:
    text = "\n".join(power_lines(Rules(GateOptions({"all": 0.1})), entries(cases(["p"])), 1))
    assert "1 case sees" in text
    assert "of 1 breaks it" in text


def test_without_a_gate_the_plan_says_so() -> None:
    assert "each failing case fails" in power_lines(Rules(GateOptions()), entries(cases(["p"])), 1)[0]


def test_a_second_arm_is_planned_from_an_assumed_rate() -> None:
    both = entries([*cases(["p"] * 85, arm="old"), *cases(["p"] * 85)])
    assert "from 5% (assumed)" in "\n".join(power_lines(Rules(GateOptions()), both, 1))
