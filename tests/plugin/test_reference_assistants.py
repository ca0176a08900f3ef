"""Each reference assistant is caught in its own failure mode by the rules judge, offline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

MODES = {
    "forgetful": "inattentiveness",
    "pleaser": "sycophancy",
    "follower": "preference_conflict",
    "fickle": "inconsistency",
    "overcautious": "overcaution",
}


def test_attentive_passes(pytester: pytest.Pytester, record: Callable[[], Any]) -> None:
    result = pytester.runpytest_subprocess("--pa-model=demo/attentive", "--pa-cases=builtin:smoke")
    assert result.ret == 0
    result.assert_outcomes(passed=144)
    assert record()["run"]["verdict"] == "pass"


@pytest.mark.parametrize("name", MODES)
def test_faulty_ones_fail_in_their_own_mode_only(
    pytester: pytest.Pytester, record: Callable[[], Any], name: str
) -> None:
    result = pytester.runpytest_subprocess(f"--pa-model=demo/{name}", "--pa-cases=builtin:smoke")
    assert result.ret == 1
    modes = Counter(case["failure_mode"] for case in record()["cases"] if case["outcome"] != "pass")
    assert set(modes) == {MODES[name]}
    assert modes[MODES[name]] >= 24


def test_broken_is_an_error_everywhere_and_the_run_is_invalid(
    pytester: pytest.Pytester, record: Callable[[], Any]
) -> None:
    result = pytester.runpytest_subprocess("--pa-model=demo/broken", "--pa-cases=builtin:smoke")
    assert result.ret == 10
    result.assert_outcomes(errors=144)
    document = record()
    assert document["run"]["verdict"] == "invalid"
    assert {case["outcome"] for case in document["cases"]} == {"error"}


def test_wording_varies_by_seed_and_nothing_else_does(project: pytest.Pytester, record: Callable[[], Any]) -> None:
    replies = []
    for seed in ("1", "1", "2"):
        project.runpytest_subprocess("--pa-model=demo/attentive", f"--pa-seed={seed}")
        replies.append([trial["messages"][-1]["content"] for case in record()["cases"] for trial in case["trials"]])
    assert replies[0] == replies[1] != replies[2]
