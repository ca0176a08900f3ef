"""Paired comparison: p-values, Holm, what changed, and what cannot be compared."""

from __future__ import annotations

import itertools
import random

import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from pytest_personal_align.core.baseline import Baseline, BaselineArm
from pytest_personal_align.core.comparison import base_of, compare, match
from pytest_personal_align.core.findings import findings, gate_rows
from pytest_personal_align.core.gate import GateCase
from pytest_personal_align.core.modes import most_frequent
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.result import FailureMode
from pytest_personal_align.core.waivers import Waived
from tests.core.gate_cases import case, cases, settle, settler

OPTIONS = GateOptions()


def kept(of: list[GateCase], **changes: object) -> Baseline:
    return Baseline("kept.json", "v1", (BaselineArm("new", "demo/new", ("demo-1",)),), tuple(of), **changes)  # type: ignore[arg-type]


def compared(before: list[GateCase], now: list[GateCase], options: GateOptions = OPTIONS):  # type: ignore[no-untyped-def]
    return {test.mode: test for test in compare([match("new", now, base_of("base", before))], options)}


@given(st.lists(st.sampled_from(["pp", "pf", "fp", "ff"]), min_size=1, max_size=60))
def test_one_trial_is_mcnemars_mid_p(pairs: list[str]) -> None:
    found = compared(cases(pair[0] for pair in pairs), cases(pair[1] for pair in pairs))["all"]
    worse, better = pairs.count("pf"), pairs.count("fp")
    n = worse + better
    exact = scipy.stats.binom.sf(worse, n, 0.5) + scipy.stats.binom.pmf(worse, n, 0.5) / 2 if n else 0.5
    # Sycophancy and all have the same differences here: one test under two names.
    assert found.p == pytest.approx(exact, abs=1e-12)
    assert found.difference == pytest.approx((worse - better) / len(pairs), abs=1e-12)


def test_several_trials_are_brute_force_over_all_signs() -> None:
    before = ["ppp", "pfp", "fff", "ppp", "ppf", "ppp", "ppp"]
    now = ["fff", "ffp", "pff", "ppf", "fff", "fff", "ppp"]
    found = compared(cases(before), cases(now))["all"]
    sizes = [b.count("f") - a.count("f") for a, b in zip(before, now, strict=True)]
    sums = [sum(sign * size for sign, size in zip(signs, sizes, strict=True)) for signs in
            itertools.product((-1, 1), repeat=len(sizes))]  # fmt: skip
    mid_p = sum((s > sum(sizes)) + (s == sum(sizes)) / 2 for s in sums) / len(sums)
    assert found.p == pytest.approx(mid_p, abs=1e-12)


def test_modes_that_differ_in_the_same_cases_count_once_and_others_each() -> None:
    before, now = ["p"] * 20, ["f"] * 8 + ["p"] * 12
    alone = compared(cases(before), cases(now))
    assert alone["all"].p == alone["sycophancy"].p == pytest.approx(2.0**-9, abs=1e-12)
    more = compared(
        [*cases(before), *cases(before, scenario="control")],
        [*cases(now), *cases(["f"] * 6 + ["p"] * 14, scenario="control")],
    )
    assert more["sycophancy"].p == pytest.approx(
        2 * 2.0**-9, abs=1e-12
    )  # all (14 worse) comes before it in Holm's order
    assert more["overcaution"].p == pytest.approx(2.0**-7, abs=1e-12)
    assert more["all"].p == pytest.approx(3 * 2.0**-15, abs=1e-12)


def test_holm_over_the_modes_as_statsmodels_has_it() -> None:
    chance = random.Random(1)
    before, now = [], []
    for index in range(120):
        for scenario, rise in (("alone", 0.3), ("control", 0.1), ("one-person", 0.2)):
            before.append(case("f" if chance.random() < 0.1 else "p", f"u{index}", scenario))
            now.append(case("f" if chance.random() < 0.1 + rise else "p", f"u{index}", scenario))
    found = list(compare([match("new", now, base_of("base", before))], OPTIONS))
    family = [test for test in found if any(test.differences)]
    raw = []
    for test in family:
        worse, n = sum(d > 0 for d in test.differences), sum(d != 0 for d in test.differences)
        tail = scipy.stats.binom.sf(worse, n, 0.5) + scipy.stats.binom.pmf(worse, n, 0.5) / 2
        if n > 60:
            z = (2 * worse - n) / n**0.5
            tail = scipy.stats.norm.sf(z)
        raw.append(tail)
    expected = multipletests(raw, method="holm")[1]
    assert [test.p for test in family] == pytest.approx(list(expected), abs=1e-12)


def test_a_rise_below_the_smallest_effect_does_not_fail() -> None:
    before, now = cases(["p"] * 1000), cases(["f"] * 15 + ["p"] * 985)
    assert compared(before, now)["all"].outcome == "pass"
    assert "less than 2 points" in compared(before, now)["all"].reason
    assert compared(before, now, GateOptions(min_effect=0.01))["all"].outcome == "fail"


def test_a_known_failure_is_tolerated_and_a_new_one_caught() -> None:
    before = cases(["f"] * 5 + ["p"] * 95)
    now = cases(["f"] * 5 + ["f"] * 12 + ["p"] * 83)
    made, settled = settle(OPTIONS, now, baseline=kept(before))
    dispositions = [settled[one.key] for one in now]
    assert {one.disposition for one in dispositions[:5]} == {"tolerated"}
    assert dispositions[0].reason == "known since kept.json"
    assert {one.disposition for one in dispositions[5:17]} == {"failed"}
    assert "sycophancy 5.0% -> 17.0% (+12.0 points, p<.001)" in dispositions[5].reason
    found = findings(made, settled.values(), "v1")
    assert found.comparison is not None
    assert [len(found.comparison[name]) for name in ("new", "still", "noise", "fixed")] == [12, 5, 0, 0]


def test_a_new_failure_within_the_noise_is_tolerated_and_listed() -> None:
    made, settled = settle(OPTIONS, cases(["f", "p", "f"] + ["p"] * 97), baseline=kept(cases(["p", "f"] + ["p"] * 98)))
    comparison = findings(made, settled.values(), "v1").comparison
    assert comparison is not None
    assert [len(comparison[name]) for name in ("new", "noise", "fixed", "still")] == [0, 2, 1, 0]
    assert {one.disposition for one in settled.values()} == {"passed", "tolerated"}


def test_known_failures_do_not_wait_and_worse_ones_do() -> None:
    before = cases(["ffp", "pff"])
    now = cases(["fpf", "fff"])

    made = settler(OPTIONS, now, baseline=kept(before))
    assert [s.disposition for s in made.take(now[:1])] == ["tolerated"]
    assert made._settle(now[1]) is None


def test_fewer_fails_that_look_inconsistent_are_no_regression() -> None:
    before = cases(["f"] * 40, failure_mode="inattentiveness")
    now = cases(["p"] * 20 + ["f"] * 20)
    now = [one if one.outcome == "pass" else case("f", one.use_case, failure_mode="inconsistency") for one in now]
    made, settled = settle(OPTIONS, now, baseline=kept(before))
    assert {row.outcome for row in gate_rows(made)} == {"pass"}
    assert "failed" not in {one.disposition for one in settled.values()}


def test_too_little_overlap_is_inconclusive() -> None:
    now = cases(["p"] * 80) + [case("p", f"new-{i}") for i in range(20)]
    made, _ = settle(OPTIONS, now, baseline=kept(cases(["p"] * 80)))
    assert {row.outcome for row in gate_rows(made) if row.kind == "baseline"} == {"inconclusive"}
    assert "80%" in made.matches[0].doubt


def test_a_case_that_the_base_has_not_is_tolerated_by_nothing() -> None:
    now = [*cases(["p"] * 40), case("f", "added")]
    _, settled = settle(OPTIONS, now, baseline=kept(cases(["p"] * 40)))
    assert settled[now[-1].key].disposition == "failed"
    assert "no such case" in settled[now[-1].key].reason


def test_a_changed_text_is_not_comparable_and_says_so() -> None:
    before = cases(["f"] * 40)
    now = [case("f", "u0000", content="other"), *cases(["f"] * 40)[1:]]
    made, settled = settle(OPTIONS, now, baseline=kept(before))
    assert settled[now[0].key].disposition == "failed"
    assert "its text is not the one" in settled[now[0].key].reason
    comparison = findings(made, settled.values(), "v1").comparison
    assert comparison is not None
    assert [one["nodeid"] for one in comparison["incomparable"]] == [now[0].nodeid]


def test_another_judge_makes_the_run_invalid() -> None:
    made, settled = settle(OPTIONS, cases(["p"]), baseline=kept(cases(["p"])))
    assert findings(made, settled.values(), "v1").broken == []
    assert "v2" in findings(made, settled.values(), "v2").broken[0]


@pytest.mark.parametrize("seen", [{"demo-2"}, {"demo-1", "demo-2"}])
def test_an_alias_that_means_another_model_by_now_is_inconclusive(seen: set[str]) -> None:
    now = cases(["p"] * 40)

    made = settler(OPTIONS, now, baseline=kept(cases(["p"] * 40)), models={"new": "demo/new"})
    made.resolved = {"new": seen}
    made.take(now)
    assert made.tests is not None
    assert {test.outcome for test in made.tests} == {"inconclusive"}
    assert "was demo-1" in made.tests[0].reason


def test_an_alias_of_several_models_may_be_any_of_them_again() -> None:
    of = Baseline("kept.json", "v1", (BaselineArm("new", "demo/new", ("demo-1", "demo-2")),), ())
    assert of.base("new", "demo/new", {"demo-2"}).doubt == ""
    assert "is demo-2, demo-3 now" in of.base("new", "demo/new", {"demo-2", "demo-3"}).doubt


def test_what_only_the_baseline_has_is_named_once_whatever_the_number_of_arms() -> None:
    arms = [case("p", f"u{index}", arm=arm) for arm in ("one", "two") for index in range(20)]
    gone = case("p", "gone")
    before = [*(case("p", f"u{index}") for index in range(20)), gone]
    made, settled = settle(OPTIONS, arms, baseline=kept(before))
    comparison = findings(made, settled.values(), "v1").comparison
    assert comparison is not None
    assert comparison["removed"] == [gone.nodeid]


def test_the_first_arm_is_the_base_of_the_others() -> None:
    old, new = cases(["f"] * 4 + ["p"] * 96, arm="old"), cases(["f"] * 24 + ["p"] * 76, arm="new")
    made, settled = settle(OPTIONS, [*old, *new])
    assert {settled[one.key].disposition for one in old} == {"tolerated", "passed"}
    assert [settled[one.key].disposition for one in new].count("failed") == 20
    row = next(row for row in gate_rows(made) if row.kind == "baseline" and row.mode == "all")
    assert (row.arm, row.against, row.outcome) == ("new", "old", "fail")
    assert (row.base_rate, row.rate, row.difference) == (0.04, 0.24, pytest.approx(0.2))
    assert row.detectable is not None


def test_an_unequal_number_of_trials_is_compared_over_the_first_ones() -> None:
    """Else a case that always fails in one of three trials would look different from one trial's pass."""
    found = compared(cases(["p"] * 30), cases(["pff"] * 30))["all"]
    assert found.rate == 0


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.text("pfu", min_size=1, max_size=1), st.text("pfue", min_size=1, max_size=1)),
             min_size=4, max_size=40)
)  # fmt: skip
def test_a_comparison_that_fails_has_an_item_that_fails(pairs: list[tuple[str, str]]) -> None:
    made, settled = settle(OPTIONS, cases(b for _, b in pairs), baseline=kept(cases(a for a, _ in pairs)))
    if any(row.outcome == "fail" and row.kind == "baseline" for row in gate_rows(made)):
        assert any(one.disposition == "failed" for one in settled.values())


@pytest.mark.parametrize(("before", "now"), [(1, 2), (2, 1), (2, 3), (3, 3)])
def test_another_number_of_trials_changes_no_label(before: int, now: int) -> None:
    """Each failing trial is one mode or the other by a coin: what the judge said of the first ones counts, not the
    label that all of them together give the case."""
    chance = random.Random(7)
    coins: list[list[FailureMode]] = [
        [chance.choice(("inattentiveness", "sycophancy")) for _ in range(3)] for _ in range(300)
    ]

    def run(trials: int) -> list[GateCase]:
        found = []
        for number, coin in enumerate(coins):
            modes = tuple(coin[:trials])
            found.append(case("f" * trials, f"u{number:03}", failure_mode=most_frequent(modes), modes=modes))
        return found

    tests = compare([match("new", run(now), base_of("old", run(before)))], GateOptions())
    assert {test.mode for test in tests if test.difference} == set()
    assert {test.outcome for test in tests} <= {"pass"}


def test_without_limits_only_the_comparison_and_what_it_has_no_base_for_count() -> None:
    waiver = Waived("ticket 12", "2026-01-31", False)
    now = [case("f", "waived", waiver=waiver), *cases(["f"] * 10 + ["p"] * 90), case("f", "added")]
    for limit, left in ((0.05, [now[-1]]), (0.5, [])):
        made, settled = settle(GateOptions({"all": limit}), now, baseline=kept(now[:-1]), limits=False)
        assert [one for one in now if settled[one.key].disposition == "failed"] == left
        assert "threshold" not in {row.kind for row in gate_rows(made) if row.limit is not None}


@pytest.mark.parametrize(("size", "words"), [(1, "1 case is too few to find"), (2, "2 cases are too few to find")])
def test_too_few_cases_for_any_conclusion_are_counted(size: int, words: str) -> None:
    tests = compare([match("new", cases(["p"] * size), base_of("kept", cases(["p"] * size)))], GateOptions())
    assert {test.outcome for test in tests} == {"inconclusive"}
    assert all(words in test.reason for test in tests)
