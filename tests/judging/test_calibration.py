"""How far a judge is right, as the calibration says it: shares, agreement, and whether it may gate."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align.core.limit import judge_accuracies
from pytest_personal_align.core.plan import Brief
from pytest_personal_align.core.result import CallFailed, Message, Outcome, TrialError, Verdict
from pytest_personal_align.judging.calibration import calibrate, load_calibration, stale
from pytest_personal_align.judging.labelled import Labelled
from pytest_personal_align.judging.run import judge_all, run_calibration, verdict_lines


def row(number: int, label: str, mode: str | None = None, category: str = "c", **labels: str) -> Labelled:
    return Labelled.model_validate(
        {
            "id": f"r{number}",
            "category": category,
            "fact": "A fact that matters.",
            "messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": f"reply {number}"}],
            "labels": {"Ana": label, **labels},
            **({"failure_mode": mode} if mode else {}),
        }
    )


def test_a_mode_is_measured_where_its_gate_counts() -> None:
    controls = [row(i, "pass") for i in range(10)]
    controls = [one.model_copy(update={"scenario": "control"}) for one in controls]
    told = [row(10 + i, "pass") for i in range(20)] + [row(30, "fail", "inconsistency"), row(31, "fail")]
    verdicts = [Verdict("fail", "overcaution"), *[Verdict("pass")] * 9]
    verdicts += [*[Verdict("fail", "sycophancy")] * 2, *[Verdict("fail", "preference_conflict")] * 3]
    verdicts += [*[Verdict("pass")] * 15, Verdict("fail", "inattentiveness"), Verdict("fail", "inattentiveness")]
    found = calibrate([*controls, *told], verdicts, judge="j", version="v1")["modes"]
    counted = {
        mode: {name: share and (share["count"], share["total"]) for name, share in one.items()}
        for mode, one in found.items()
    }
    assert counted == {
        "overcaution": {"sensitivity": None, "specificity": (9, 10)},
        "sycophancy": {
            "sensitivity": None,
            "specificity": (16, 21),
        },  # nobody else has a wish: the gate says sycophancy
        "inattentiveness": {"sensitivity": (1, 1), "specificity": (20, 20)},  # a fail without a mode counts in none
    }


def document(pairs: Sequence[tuple[str, str]], errors: int = 0) -> dict[str, Any]:
    modes = {"fail": "sycophancy"}
    rows = [row(i, true, modes.get(true)) for i, (true, _) in enumerate(pairs)]
    verdicts = [Verdict(said, modes.get(said)) for _, said in pairs]  # type: ignore[arg-type]
    rows += [row(1000 + i, "pass") for i in range(errors)]
    verdicts += [Verdict("error", error=TrialError("judge", "x"))] * errors
    return calibrate(rows, verdicts, judge="j", version="v1")


PERFECT = [("fail", "fail")] * 40 + [("pass", "pass")] * 40


def test_shares_and_confusion() -> None:
    pairs = [("fail", "fail")] * 8 + [("fail", "pass")] * 2 + [("pass", "pass")] * 15 + [("pass", "fail")] * 3
    pairs += [("unclear", "unclear")] * 2
    found = document(pairs)
    assert (found["sensitivity"]["count"], found["sensitivity"]["total"]) == (8, 10)
    assert (found["specificity"]["count"], found["specificity"]["total"]) == (17, 20)
    assert found["confusion"] == {
        "pass": {"pass": 15, "unclear": 0, "fail": 3},
        "unclear": {"pass": 0, "unclear": 2, "fail": 0},
        "fail": {"pass": 2, "unclear": 0, "fail": 8},
    }
    assert found["outcomes"]["pass"]["sensitivity"]["count"] == 15
    assert found["modes"]["sycophancy"]["sensitivity"]["total"] == 10
    assert "overcaution" not in found["modes"]
    assert [one["id"] for one in found["disagreements"]] == ["r8", "r9", "r25", "r26", "r27"]
    assert 0.4 < found["sensitivity"]["low"] < 0.8 < found["sensitivity"]["high"] < 1
    json.dumps(found)


def test_kappa_and_ac1_by_hand() -> None:
    found = document(
        [("fail", "fail")] * 20 + [("fail", "pass")] * 5 + [("pass", "fail")] * 10 + [("pass", "pass")] * 15
    )
    assert found["kappa_fail"]["value"] == pytest.approx(0.4)
    assert found["ac1_fail"]["value"] == pytest.approx((0.7 - 0.495) / (1 - 0.495), abs=1e-4)


@pytest.mark.parametrize(
    ("pairs", "errors", "reason"),
    [
        (PERFECT, 0, None),
        (PERFECT[1:], 0, "only 39 conversations labelled fail"),
        (PERFECT[:-1], 0, "only 39 conversations labelled pass"),
        ([*PERFECT, *[("fail", "pass")] * 20], 0, "sensitivity"),
        ([*PERFECT, *[("fail", "pass")] * 8], 0, "the lower bound of its sensitivity"),
        ([*PERFECT, *[("pass", "fail")] * 3], 0, "the lower bound of its specificity"),
        ([*PERFECT, *[("pass", "fail")] * 5], 0, "specificity"),
        ([*PERFECT, *[("fail", "pass")] * 20], 0, "AC1"),
        (PERFECT, 2, "2 conversations got no verdict"),
        (PERFECT, 1, None),
    ],
)
def test_whether_it_may_gate(pairs: list[tuple[str, str]], errors: int, reason: str | None) -> None:
    found = document(pairs, errors)
    assert found["may_gate"] is (reason is None)
    assert (reason or "it meets all conditions") in found["reason"]


def test_the_gate_understands_it() -> None:
    accuracies, doubt = judge_accuracies(document(PERFECT), "v1")
    assert doubt == ""
    assert accuracies["sycophancy"].sensitivity.count == 40
    assert judge_accuracies(document(PERFECT), "v2")[0] == {}


def test_only_passes_leave_sensitivity_unknown() -> None:
    found = document([("pass", "pass")] * 3)
    assert found["sensitivity"] is None
    assert found["may_gate"] is False


def test_people_stand_beside_each_other_and_beside_the_judge() -> None:
    rows = [
        row(i, label, None, Bo=other)
        for i, (label, other) in enumerate([("pass", "pass"), ("fail", "pass"), ("pass", "pass")])
    ]
    found = calibrate(rows, [Verdict("pass")] * 3, judge="j", version="v")
    pairs = {(one["first"], one["second"]): one["agreed"] for one in found["raters"]}
    assert pairs == {("Ana", "Bo"): 2, ("(judge)", "Ana"): 2, ("(judge)", "Bo"): 3}
    assert found["truth"] == "Ana"
    assert calibrate(rows, [Verdict("pass")] * 3, judge="j", version="v", truth="Bo")["disagreements"] == []
    with pytest.raises(ValueError, match="raters: Ana, Bo"):
        calibrate(rows, [Verdict("pass")] * 3, judge="j", version="v", truth="Cy")
    with pytest.raises(ValueError, match="3 conversations and 1 verdicts"):
        calibrate(rows, [Verdict("pass")], judge="j", version="v")


def test_categories() -> None:
    rows = [row(1, "fail", "sycophancy", "a"), row(2, "pass", None, "a"), row(3, "fail", "sycophancy", "b")]
    verdicts: list[Outcome] = ["fail", "pass", "pass"]
    found = calibrate(rows, [Verdict(one) for one in verdicts], judge="j", version="v")["categories"]
    assert found["a"]["sensitivity"]["count"] == 1
    assert found["b"]["sensitivity"]["count"] == 0
    assert found["b"]["specificity"] is None


def test_a_file_and_its_staleness(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(document(PERFECT)))
    loaded = load_calibration(path, "--pa-calibration")
    assert stale(loaded, "v1") is None
    assert "v2" in str(stale(loaded, "v2"))


class Echo:
    """Fails what it has seen before the word "pass", and breaks as told."""

    name, version = "echo", "echo-1"

    def __init__(self, failure: CallFailed | None = None) -> None:
        self.failure = failure
        self.together = self.most = 0

    async def __call__(self, brief: Brief, messages: Sequence[Message]) -> Verdict:
        self.together += 1
        self.most = max(self.most, self.together)
        await asyncio.sleep(0)
        self.together -= 1
        if self.failure is not None and messages[-1].content == "reply 1":
            raise self.failure
        return Verdict("pass", judged_by=self.name)


def test_running_it() -> None:
    rows = [row(i, "pass") for i in range(9)]
    judge = Echo(CallFailed("timeout", "late"))
    found, verdicts = asyncio.run(run_calibration(judge, rows, concurrency=3))
    assert judge.most == 3
    assert [verdict.outcome for verdict in verdicts].count("error") == 1
    assert verdicts[1].outcome == "error"
    assert (found["items"], found["errors"], found["version"]) == (8, 1, "echo-1")
    lines = [json.loads(line) for line in verdict_lines(rows, verdicts).splitlines()]
    assert [line["id"] for line in lines] == [f"r{i}" for i in range(9)]
    assert lines[0]["outcome"] == "pass"
    assert set(lines[0]) >= {"id", "outcome", "failure_mode", "observation"}
    assert lines[1]["error"]["kind"] == "timeout"


def test_a_bad_key_ends_it() -> None:
    with pytest.raises(CallFailed):
        asyncio.run(judge_all(Echo(CallFailed("auth", "wrong key")), [row(i, "pass") for i in range(9)]))
