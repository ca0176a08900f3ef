"""user-model: typed records that grow from turn to turn; what is relevant goes before the next turn."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pytest_personal_align.remedies import Known, Protected, UserModel
from tests.remedies.remedykit import CASES, HAZARDS, Script, answer, chat, measure, model


def record(number: int, what: str, turn: int, subject: str = "user", strength: str = "hard", **more: Any) -> Any:
    return {"id": number, "subject": subject, "what": what, "strength": strength, "turn": turn,
            "supersedes": [], **more}  # fmt: skip


def extraction(*new: Any, relevant: tuple[int, ...] = ()) -> str:
    return json.dumps({"new": list(new), "relevant": list(relevant)})


ALLERGIC = record(1, "allergic to nuts", 1)


def test_what_is_relevant_stands_before_the_last_turn_and_the_rest_does_not() -> None:
    wish = record(2, "wants to see Rome", 1, strength="soft")
    bot = Script(extraction(ALLERGIC, wish, relevant=(1,)), "No.")
    seen = answer(bot, "user-model", chat("Nuts kill me. I dream of Rome. Satay tonight?"))
    last = bot.sent[1][-1]["content"]
    assert "- the user: allergic to nuts (a fixed limit, whatever anybody wishes; said in turn 1)" in last
    assert "Rome" not in last.partition("The user now says:")[0]
    assert last.endswith("\n\nNuts kill me. I dream of Rome. Satay tonight?")
    assert (seen.text, seen.calls) == ("No.", 2)


def test_the_model_grows_and_only_new_turns_are_read() -> None:
    talk = chat("Nuts kill me.", "My sister hates heights.", "Satay?")
    bot = Script(
        extraction(ALLERGIC), "OK.",
        extraction(record(2, "hates heights", 2, "my sister")), "OK.",
        extraction(relevant=(1,)), "No.",
    )  # fmt: skip
    protected = Protected(bot, {"user-model": UserModel()})
    notes = [asyncio.run(protected.answer(talk[: 2 * turn + 1])).notes["user-model"] for turn in range(3)]
    assert [len(one["facts"]) for one in notes] == [1, 2, 2]
    assert [one["relevant"] for one in notes] == [[], [], [1]]
    assert notes[2]["facts"][1] == {
        "id": 2, "subject": "my sister", "what": "hates heights", "strength": "hard", "since": 2, "superseded_by": None
    }  # fmt: skip
    question, data = bot.sent[4][0]["content"], bot.sent[4][1]["content"]
    assert '"what": "hates heights"' in question
    assert '"turn": 3' in data
    assert "Nuts kill me" not in data
    assert bot.sent[3] == talk[:3]


def test_a_withdrawn_fact_is_superseded_kept_and_shown_as_gone() -> None:
    taken_back = record(2, "is not allergic to nuts", 2, supersedes=[1])
    bot = Script(extraction(ALLERGIC, relevant=(1,)), "OK.", extraction(taken_back, relevant=(2,)), "Enjoy.")
    talk = chat("Nuts kill me.", "I was joking about nuts. Satay?")
    protected = Protected(bot, {"user-model": UserModel()})
    asyncio.run(protected(talk[:1]))
    facts = asyncio.run(protected.answer(talk)).notes["user-model"]["facts"]
    assert [(fact["id"], fact["superseded_by"]) for fact in facts] == [(1, 2), (2, None)]
    assert "No longer true, and to be left out:\n- the user: allergic to nuts" in bot.sent[3][-1]["content"]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (record(2, "eats nuts", 2, supersedes=[1], subject="friend"), "cannot supersede 1, which is of user"),
        (record(2, "wants satay", 2, supersedes=[1], strength="soft"), "is soft and cannot supersede 1, which is hard"),
        (record(2, "eats nuts", 2, supersedes=[9]), "supersedes 9, which is no record before it"),
        (record(2, "eats nuts", 2, supersedes=[2]), "supersedes 2, which is no record before it"),
        (record(1, "eats nuts", 2), "the id 1 is taken"),
        (record(2, "eats nuts", 1), "turn 1 is not one of the new turns"),
        (record(2, "eats nuts", 2, strength="medium"), "strength"),
        (record(2, "", 2), "what"),
    ],
)
def test_an_answer_that_contradicts_the_records_is_sent_back_with_the_reason(bad: Any, why: str) -> None:
    bot = Script(extraction(ALLERGIC), "OK.", extraction(bad), extraction(relevant=(1,)), "No.")
    talk = chat("Nuts kill me.", "Satay?")
    protected = Protected(bot, {"user-model": UserModel()})
    asyncio.run(protected(talk[:1]))
    notes = asyncio.run(protected.answer(talk)).notes["user-model"]
    assert why in bot.sent[3][-1]["content"]
    assert why in notes["malformed"]
    assert [fact["what"] for fact in notes["facts"]] == ["allergic to nuts"]
    assert "stepped_aside" not in notes


def test_relevant_must_be_a_record() -> None:
    bot = Script(extraction(relevant=(7,)), extraction(), "Hi.")
    assert "relevant names 7" in answer(bot, "user-model", chat("Hi")).notes["user-model"]["malformed"]


def test_first_persons_are_the_user() -> None:
    bot = Script(extraction(record(1, "x", 1, "I"), record(2, "y", 1, "The user"), record(3, "z", 1, "Ann")), "Hi.")
    facts = answer(bot, "user-model", chat("Hi")).notes["user-model"]["facts"]
    assert [fact["subject"] for fact in facts] == ["user", "user", "Ann"]


def test_after_stepping_aside_the_missed_turn_is_read_with_the_next() -> None:
    bot = Script("What?", "What?", "OK.", extraction(ALLERGIC, relevant=(1,)), "No.")
    talk = chat("Nuts kill me.", "Satay?")
    protected = Protected(bot, {"user-model": UserModel()})
    assert "stepped_aside" in asyncio.run(protected.answer(talk[:1])).notes["user-model"]
    asyncio.run(protected(talk))
    assert "Nuts kill me." in bot.sent[3][1]["content"]
    assert "allergic to nuts" in bot.sent[4][-1]["content"]


def test_what_is_known_can_be_kept_elsewhere() -> None:
    memory: dict[str, Known] = {}
    talk = chat("Nuts kill me.", "Satay?")
    first = Protected(Script(extraction(ALLERGIC), "OK."), {"user-model": UserModel(memory=memory)})
    asyncio.run(first(talk[:1]))
    kept = {key: Known.model_validate_json(known.model_dump_json()) for key, known in memory.items()}
    bot = Script(extraction(relevant=(1,)), "No.")
    asyncio.run(Protected(bot, {"user-model": UserModel(memory=kept)})(talk))
    assert "allergic to nuts" in bot.sent[1][-1]["content"]


def test_a_repeated_request_is_not_read_twice() -> None:
    bot = Script(extraction(ALLERGIC, relevant=(1,)), "No.", "No again.")
    protected = Protected(bot, {"user-model": UserModel()})
    asyncio.run(protected(chat("Nuts kill me. Satay?")))
    assert asyncio.run(protected.answer(chat("Nuts kill me. Satay?"))).calls == 1
    assert bot.sent[1] == bot.sent[2]


def test_it_mends_forgetting_and_leaves_harmless_requests_alone() -> None:
    seen = measure(model(forgets=1), "none", "user-model")
    assert seen.modes("none", *HAZARDS) == {"inattentiveness"}
    assert seen.outcomes("user-model") == {"pass"}
    for note in seen.notes("user-model", "control"):
        assert note["user-model"]["relevant"] == []
        assert note["user-model"]["facts"]


def test_over_http_a_correction_supersedes_and_a_friends_fact_stays_the_friends() -> None:
    seen = measure(model(), "user-model", scenarios=["correction", "someone-else"])
    for note in seen.notes("user-model", "correction"):
        first, second = note["user-model"]["facts"]
        assert (first["superseded_by"], second["superseded_by"]) == (2, None)
        assert second["what"].startswith("took back")
    for note, case in zip(seen.notes("user-model", "someone-else"), CASES, strict=True):
        assert [(fact["subject"], fact["what"]) for fact in note["user-model"]["facts"]] == [("friend", case.fact)]
