"""Sequential mode: what is started, when it stops, and that only the seed decides."""

from __future__ import annotations

import random

import pytest

from pytest_personal_align.core.baseline import of_record
from pytest_personal_align.core.findings import gate_rows
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.referee import Referee
from pytest_personal_align.core.rules import Rules
from tests.core.gate_cases import plan, record, result, results

OPTIONS = GateOptions(sequential=True)
PLANS = [plan(f"u{index:03}", scenario) for index in range(337) for scenario in ("alone", "plain", "control")]


def run(seed: int, rise: float, room: int = 32, shuffle: int = 0, number: int = 337, options: GateOptions = OPTIONS):  # type: ignore[no-untyped-def]
    """A run whose engine returns results in a random order; (referee, settlements, conversations started)."""
    plans = PLANS[: 3 * number]
    chance = random.Random(seed)
    before = {p.key: "f" if chance.random() < 0.05 else "p" for p in plans}
    now = {p.key: "f" if chance.random() < 0.05 + rise else "p" for p in plans}
    base = of_record(record(plans, [result(p, before[p.key]) for p in plans]), "kept.json")
    contents = Rules(options, baseline=base)
    made = Referee(contents, [with_content(p) for p in plans], seed=7)
    engine, settled, started = random.Random(shuffle), {}, 0
    flying = made.more(room)
    while flying:
        one = flying.pop(engine.randrange(len(flying)))
        started += 1
        for settlement in made.receive(result(one, now[one.key])):
            settled[settlement.key] = settlement
        flying += made.more(room)
    return made, settled, started


def with_content(of):  # type: ignore[no-untyped-def]
    return of


@pytest.fixture(autouse=True)
def _same_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """The helper's records name contents by place, plans hash them: here they are never compared."""
    monkeypatch.setattr("pytest_personal_align.core.gate.content_of", lambda plan: "")


def test_an_unchanged_build_stops_early_as_passed() -> None:
    made, settled, started = run(1, 0.0)
    saved = made.saved(len)
    assert saved is not None
    assert saved["stopped"] == "no worse"
    assert started < 0.6 * len(PLANS)
    assert saved["conversations_not_started"] == saved["calls_not_sent"] == len(PLANS) - started
    assert settled.keys() == {p.key for p in PLANS}
    assert sum(one.disposition == "unneeded" for one in settled.values()) >= len(PLANS) - started
    assert {row.outcome for row in gate_rows(made.settler) if row.kind == "baseline"} == {"pass"}


@pytest.mark.parametrize(("limit", "outcome"), [(0.035, "fail"), (0.06, "pass")])
def test_it_does_not_pass_before_a_threshold_is_decided(limit: float, outcome: str) -> None:
    options = GateOptions({"all": limit}, sequential=True)
    made, settled, started = run(1, 0.0, options=options)
    assert started > run(1, 0.0)[2], "the comparison alone is decided sooner"
    rows = {row.kind: row.outcome for row in gate_rows(made.settler) if row.mode == "all"}
    assert rows == {"baseline": "pass", "threshold": outcome}
    assert ("failed" in {one.disposition for one in settled.values()}) == (outcome == "fail")


def test_a_bad_one_stops_early_as_failed() -> None:
    made, settled, started = run(2, 0.3)
    assert made.saved(len)["stopped"] == "worse"  # type: ignore[index]
    assert started < 0.5 * len(PLANS)
    assert any(one.disposition == "failed" for one in settled.values())
    failed = [row for row in gate_rows(made.settler) if row.outcome == "fail"]
    assert failed
    assert "decided after" in failed[0].reason


def test_a_small_suite_saves_nothing_and_is_gated_as_ever() -> None:
    made, settled, started = run(3, 0.0, number=50)
    assert made.saved(len)["stopped"] is None  # type: ignore[index]
    assert started == 150
    assert "unneeded" not in {one.disposition for one in settled.values()}


@pytest.mark.parametrize("rise", [0.0, 0.15])
def test_neither_workers_nor_speed_change_the_verdict(rise: float) -> None:
    first, settled, _ = run(4, rise)
    for room, shuffle in ((1, 1), (8, 2), (300, 3), (5000, 4)):
        other, again, _ = run(4, rise, room, shuffle)
        assert again == settled
        assert gate_rows(other.settler) == gate_rows(first.settler)


def test_false_alarms_are_rare() -> None:
    alarms = sum(run(100 + seed, 0.0)[0].saved(len)["stopped"] == "worse" for seed in range(40))  # type: ignore[index]
    assert alarms <= 2


def test_plain_runs_get_all_plans_at_once() -> None:
    made = Referee(Rules(GateOptions()), PLANS)
    assert len(made.more(1)) == len(PLANS)
    assert made.more(1) == []
    assert made.saved(len) is None
    assert results(PLANS[:1], 0)
