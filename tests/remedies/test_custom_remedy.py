"""python:module:callable: the user's own remedy."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.options import Arm, EngineOptions, Limits
from pytest_personal_align.core.result import CallFailed, Message, Reply
from pytest_personal_align.engine.assistant import Call
from pytest_personal_align.engine.check import check_options
from pytest_personal_align.engine.remedied import Remedied
from tests.engine.enginekit import in_virtual_time, plan
from tests.remedies.remedykit import CASES, HAZARDS, Measured, measure, model

MODULE = '''import asyncio
async def restate(messages, assistant):
    """Restates the first turn."""
    assistant.note("restated", messages[0]["content"])
    last = {"role": "user", "content": messages[0]["content"] + " " + messages[-1]["content"]}
    return await assistant([*messages[:-1], last])

def passed_on(messages, assistant):
    return assistant(messages)

async def silent(messages, assistant):
    return None

async def blank(messages, assistant):
    return " "

async def broken(messages, assistant):
    raise KeyError("allergy")

async def strange(messages, assistant):
    return await assistant([{"role": "tool", "content": "x"}])

async def hides_errors(messages, assistant):
    try:
        return await assistant(messages)
    except Exception:
        return "All is well."

async def odd_notes(messages, assistant):
    messages.clear()
    assistant.note("odd", {"set": {1}, "text": "\\ud800 \\x1b[2J", "number": float("nan")})
    assistant.note("bytes", b"x")
    return "Yes, go ahead."

async def hangs(messages, assistant):
    await assistant(messages)
    await asyncio.sleep(1000)

class Careful:
    async def __call__(self, messages, assistant):
        return "I would advise against it: " + await assistant(messages)

careful = Careful()

def not_a_remedy(messages):
    return "x"
'''


@pytest.fixture(autouse=True)
def _module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ownremedies.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)


def run_with(name: str, **options: object) -> tuple[str, Measured]:
    arm = f"python:ownremedies:{name}"
    weak = model(forgets=1)
    return arm, measure(weak, arm, cases=CASES[:2], scenarios=["alone"], **options)  # type: ignore[arg-type]


def test_it_is_a_remedy_like_any_other() -> None:
    arm, seen = run_with("restate")
    assert seen.outcomes(arm) == {"pass"}
    for note, case in zip(seen.notes(arm, *HAZARDS), CASES, strict=False):
        assert case.fact in note[arm]["restated"]
        assert note["calls"] == 1


def test_it_composes_with_those_that_are_shipped() -> None:
    name = "python:ownremedies:restate+self-reflection"
    seen = measure(model(forgets=1), name, cases=CASES[:2], scenarios=["alone"])
    assert seen.outcomes(name) == {"pass"}
    assert all(note["calls"] == 2 for note in seen.notes(name))


@pytest.mark.parametrize("name", ["passed_on", "careful"])
def test_functions_that_return_an_awaitable_and_instances_work(name: str) -> None:
    assert "error" not in run_with(name)[1].outcomes(f"python:ownremedies:{name}")


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("silent", "assistant", "returned NoneType, not text"),
        ("blank", "empty", "returned an empty text"),
        ("broken", "assistant", "KeyError: 'allergy' ("),
        ("strange", "assistant", "role 'tool'"),
    ],
)
def test_what_goes_wrong_in_it_is_an_error_that_says_what(name: str, kind: str, message: str) -> None:
    arm, seen = run_with(name)
    errors = [trial.error for trial in seen.trials(arm) if trial.error]
    assert len(errors) == 2
    assert {error.kind for error in errors} == {kind}
    assert all(message in error.message for error in errors)


def test_the_error_names_file_and_line_of_the_users_code() -> None:
    arm, seen = run_with("broken")
    error = seen.trials(arm)[0].error
    assert error is not None
    assert "ownremedies.py:18" in error.message


def test_a_spent_budget_cannot_be_hidden() -> None:
    arm, seen = run_with("hides_errors", limits=Limits(max_calls=3, concurrency=1))
    assert seen.outcomes(arm) == {"error"}
    assert {trial.error.kind for trial in seen.trials(arm) if trial.error} == {"budget"}


def test_one_that_hangs_is_an_error() -> None:
    arm, seen = run_with("hangs", limits=Limits(timeout=0.3))
    assert {trial.error.kind for trial in seen.trials(arm) if trial.error} == {"timeout"}


@pytest.mark.parametrize("latency", [0, 100])
def test_slow_calls_are_not_the_fault_of_the_remedy(latency: float) -> None:
    async def assistant(messages: Sequence[Message], call: Call) -> Reply:
        await asyncio.sleep(latency)
        return Reply("Well.")

    async def reply(remedy: str) -> Reply:
        arm = Arm("arm", "x", remedy=f"python:ownremedies:{remedy}")
        return await Remedied(arm, assistant, True, 1.0)([Message("user", "May I?")], Call(plan("May I?"), 0, 0))

    assert in_virtual_time(reply("restate")).text == "Well."
    with pytest.raises(CallFailed, match="did nothing for 1 s"):
        in_virtual_time(reply("hangs"))


def test_notes_of_any_kind_become_json() -> None:
    arm, seen = run_with("odd_notes")
    for record in seen.records(arm):
        assert "odd" in record.model_dump_json()


@pytest.mark.parametrize(
    ("remedy", "why"),
    [
        ("python:ownremedies:not_a_remedy", "cannot be called as (messages, assistant)"),
        ("python:ownremedies:nothing", "has no callable 'nothing'"),
        ("python:ownremedies", "is not python:module:callable"),
        ("sel-reflection", "is not a remedy; there are none, guiding-prompt"),
        ("none+reminder", "none stands alone"),
    ],
)
def test_a_wrong_name_is_refused_before_the_first_call(remedy: str, why: str) -> None:
    with pytest.raises(OptionError) as raised:
        check_options(EngineOptions((Arm("a", "demo/forgetful", remedy=remedy),)), live=True)
    assert str(raised.value).startswith("--pa-remedy: ")
    assert why in str(raised.value)


def test_a_recording_cannot_be_remedied() -> None:
    with pytest.raises(OptionError, match="is a recording"):
        check_options(EngineOptions((Arm("a", "replay:x.jsonl", remedy="reminder"),)), live=True)
