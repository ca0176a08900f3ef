"""Every call of a remedy is sent, cached, budgeted, counted and shown as any other; no arm lives on another's."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from pytest_personal_align.core.options import Limits, Reuse
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.record import TrialRecord
from tests.remedies.remedykit import CASES, Measured, measure, model, server_usage

ALL = ("none", "guiding-prompt", "reminder", "user-model", "risk-assessment", "self-reflection",
       "user-model+risk-assessment+self-reflection")  # fmt: skip
WEAK = {"forgets": 0.5, "drifts": 0.5, "over_refuses": 0.5, "garbles": 0.2}


def noted_calls(record: TrialRecord) -> int:
    turns = sum(message.role == "assistant" for message in record.messages)
    return sum(record.notes.get(str(turn), {}).get("calls", 1) for turn in range(turns))


@pytest.mark.parametrize("remedy", ALL)
def test_calls_and_tokens_are_the_servers(remedy: str) -> None:
    """One scenario: nothing is shared, so the trials add up to the run and the run to the server's log."""
    seen = measure(model(**WEAK), remedy, scenarios=["three-people"])
    prompt, completion = server_usage(seen.server)
    records = seen.records(remedy)
    assert seen.calls.assistant.sent == len(seen.server.requests) == sum(map(noted_calls, records))
    assert (seen.calls.tokens["prompt"], seen.calls.tokens["completion"]) == (prompt, completion)
    assert sum(record.usage.prompt_tokens for record in records) == prompt
    assert sum(record.usage.completion_tokens for record in records) == completion
    assert seen.calls.tokens["estimated"] == 0


def test_arms_together_are_the_servers_too_with_shared_beginnings() -> None:
    seen = measure(model(**WEAK), *ALL)
    assert seen.calls.assistant.sent == len(seen.server.requests)
    assert (seen.calls.tokens["prompt"], seen.calls.tokens["completion"]) == server_usage(seen.server)
    assert seen.calls.assistant.shared > 0


def test_sharing_changes_no_reply_and_no_note() -> None:
    def told(seen: Measured) -> list[object]:
        return [(t.transcript.messages, t.transcript.notes) for arm in ALL for t in seen.trials(arm)]

    assert told(measure(model(**WEAK), *ALL)) == told(measure(model(**WEAK), *ALL, reuse=Reuse(share=False)))


def test_arms_share_neither_beginnings_nor_cache(tmp_path: Path) -> None:
    """The first turn is the same to the server in both arms, and is asked for twice."""
    reuse = Reuse("use", str(tmp_path))
    seen = measure(model(), "none", "reminder", scenarios=["alone"], cases=CASES[:1], reuse=reuse)
    asked = Counter(json.dumps(request.messages) for request in seen.server.requests)
    assert asked[json.dumps(seen.server.requests[0].messages)] == 2
    assert seen.calls.assistant.cached == seen.calls.assistant.shared == 0


def test_plans_of_different_remedies_have_different_keys() -> None:
    seen = measure(model(), *ALL, cases=CASES[:1], scenarios=["alone"])
    assert len({plan.key for plan in seen.plans}) == len(ALL)


def test_trials_share_nothing(tmp_path: Path) -> None:
    seen = measure(model(), "user-model", cases=CASES[:2], trials=3, reuse=Reuse("use", str(tmp_path)))
    once = measure(model(), "user-model", cases=CASES[:2])
    assert seen.calls.assistant.sent == 3 * once.calls.assistant.sent


@pytest.mark.parametrize("share", [True, False])
def test_a_second_run_comes_from_the_cache_with_the_same_notes(tmp_path: Path, share: bool) -> None:
    reuse = Reuse("use", str(tmp_path), share)
    first = measure(model(**WEAK), *ALL[3:], reuse=reuse)
    # A server at another address would be another endpoint, with replies of its own.
    again = _again(first, reuse)
    assert again.calls.assistant.sent == 0
    for arm in ALL[3:]:
        assert [t.transcript.notes for t in first.trials(arm)] == [t.transcript.notes for t in again.trials(arm)]


def _again(first: Measured, reuse: Reuse) -> Measured:
    from pytest_personal_align.core.options import Arm, EngineOptions
    from pytest_personal_align.judging.rules import RulesJudge
    from tests.engine.enginekit import run

    names = dict.fromkeys(plan.arm for plan in first.plans)
    arms = tuple(Arm(name, "openai/scripted", api_base=first.server.url, remedy=name) for name in names)
    options = EngineOptions(arms, reuse=Reuse("replay", reuse.cache_dir, reuse.share))
    ran = run(options, first.plans, lambda complete: RulesJudge())
    return Measured({r.key: r for r in ran.results}, first.plans, ran.bench.calls(), first.server, ran.bench.warnings)


def test_calls_of_remedies_are_within_the_budget_and_what_is_not_run_is_an_error() -> None:
    seen = measure(model(), "user-model+self-reflection", limits=Limits(max_calls=20, concurrency=1))
    assert len(seen.server.requests) == 20
    broken = [trial for trial in seen.trials("user-model+self-reflection") if trial.outcome == "error"]
    assert broken
    assert {trial.error.kind for trial in broken if trial.error} == {"budget"}


@pytest.mark.parametrize("remedy", ALL)
def test_the_forecast_is_exact_where_nothing_is_revised_or_repaired(remedy: str) -> None:
    from pytest_personal_align.core.options import Arm, EngineOptions
    from pytest_personal_align.engine.forecast import expected_calls

    seen = measure(model(), remedy)
    options = EngineOptions((Arm(remedy, "openai/scripted", api_base=seen.server.url, remedy=remedy),))
    forecast = expected_calls(seen.plans, options)
    assert forecast.sent == len(seen.server.requests)
    assert forecast.shared == seen.calls.assistant.shared


def test_every_turn_notes_its_remedy_and_calls_and_the_record_keeps_them() -> None:
    seen = measure(model(), "user-model", scenarios=["alone"], cases=CASES[:2])
    for record in map(TrialRecord.model_dump_json, seen.records("user-model")):
        notes = TrialRecord.model_validate_json(record).notes
        assert list(notes) == [str(turn) for turn in range(len(notes))]
        assert all((one["remedy"], one["calls"]) == ("user-model", 2) for one in notes.values())


def test_a_plan_knows_nothing_of_a_remedy_but_its_key() -> None:
    seen = measure(model(), "none", "reminder", cases=CASES[:1], scenarios=["alone"])
    first, second = seen.plans

    def rest(plan: Plan) -> tuple[object, ...]:
        return plan.brief, plan.turns, plan.system, plan.request_turn

    assert rest(first) == rest(second)
