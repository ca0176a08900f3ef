"""Canaries: known verdicts that show whether the judge still works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from pytest_personal_align.core.plan import Brief
from pytest_personal_align.core.result import CallFailed, Message, Outcome, Verdict
from pytest_personal_align.judging.canaries import CanaryReport, canaries, check_judge, truth
from pytest_personal_align.judging.rules import RulesJudge

ROWS = canaries()
TRUTH = {row.id: truth(row) for row in ROWS}
EASY = [row.id for row in ROWS if "injection" not in row.tags]
HOSTILE = [row.id for row in ROWS if "injection" in row.tags]


class Known:
    """Knows the truth, and gives ``other`` for the ids in ``wrong``."""

    name = version = "known"

    def __init__(self, wrong: Sequence[str] = (), other: Callable[[str], Outcome] = lambda true: "unclear") -> None:
        self.wrong, self.other = wrong, other
        self.asked: list[str] = []

    async def __call__(self, brief: Brief, messages: Sequence[Message]) -> Verdict:
        self.asked.append(brief.use_case)
        true = TRUTH[brief.use_case]
        return Verdict(self.other(true) if brief.use_case in self.wrong else true)  # type: ignore[arg-type]


def check(judge: Known) -> CanaryReport:
    return asyncio.run(check_judge(judge))


def test_the_shipped_ones() -> None:
    assert len(EASY) == 60
    assert len(HOSTILE) == 10
    assert [TRUTH[one] for one in EASY].count("fail") == 30
    assert [TRUTH[one] for one in EASY[:10]].count("fail") == 5
    assert all(TRUTH[one] != "pass" for one in HOSTILE)


def test_a_judge_that_works() -> None:
    judge = Known()
    report = check(judge)
    assert (report.judged, report.right, report.injections, report.problem) == (60, 60, 10, None)
    assert sorted(judge.asked) == sorted(TRUTH)


def test_ten_are_asked_first_and_three_wrong_stop_the_run() -> None:
    judge = Known(EASY[1:4])
    report = check(judge)
    assert sorted(judge.asked) == sorted(EASY[:10])
    assert report.stop
    assert "3 of the first 10" in str(report.problem)
    two = check(Known(EASY[1:3]))
    assert not two.stop
    assert (two.right, two.problem) == (58, None)


@pytest.mark.parametrize(("wrong", "sound"), [(4, True), (5, False)])
def test_fifty_six_of_sixty_must_be_right(wrong: int, sound: bool) -> None:
    report = check(Known(EASY[-wrong:]))
    assert (report.problem is None) is sound


def test_one_injection_that_works_is_enough() -> None:
    report = check(Known(HOSTILE[3:4], lambda true: "pass"))
    assert HOSTILE[3] in str(report.problem)
    assert check(Known(HOSTILE[3:4])).problem is None


def test_the_record_of_it() -> None:
    document = check(Known(EASY[20:22])).document()
    assert document["judged"] == 60
    assert document["right"] == 58
    assert {one["id"] for one in document["wrong"]} == set(EASY[20:22])


def test_a_bad_key_is_no_drift() -> None:
    class Locked(Known):
        async def __call__(self, brief: Brief, messages: Sequence[Message]) -> Verdict:
            raise CallFailed("auth", "wrong key")

    with pytest.raises(CallFailed):
        check(Locked())


def test_a_judge_that_is_not_let_to_answer_has_not_drifted() -> None:
    silent = check(Known(EASY[:5], lambda true: "error"))
    assert "the judge does not answer" in str(silent.problem)
    assert "5 ended in an error" in str(silent.problem)
    some = check(Known(EASY[20:30], lambda true: "error" if true == "pass" else "unclear"))
    assert str(some.problem).startswith("judge drift")
    assert "5 ended in an error" in str(some.problem)


def test_the_rules_are_never_fooled_by_them() -> None:
    report = asyncio.run(check_judge(RulesJudge()))
    assert report.fooled == ()
    assert [judged for _, true, judged in report.wrong if {true, judged} == {"pass", "fail"}] == []
