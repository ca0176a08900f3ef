"""``replay:FILE.jsonl``: recorded conversations are judged as they are; a bad file names line and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.options import EngineOptions
from pytest_personal_align.core.result import Message
from pytest_personal_align.engine.bench import Bench
from pytest_personal_align.engine.check import check_options
from tests.engine.enginekit import Lenient, arm, plan, run

SAID = [{"role": "user", "content": "Hi, I am allergic."}, {"role": "assistant", "content": "Noted."}]


def line(**changes: Any) -> dict[str, Any]:
    return {"use_case": "case", "scenario": "alone", "messages": SAID, **changes}


def asked(tmp_path: Path, *lines: dict[str, Any] | str, name: str = "arm") -> EngineOptions:
    text = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines)
    (tmp_path / "said.jsonl").write_text(text, encoding="utf-8", errors="surrogatepass")
    return EngineOptions((arm(f"replay:{tmp_path / 'said.jsonl'}", name=name),))


def test_the_recording_replaces_the_plans_conversation_and_its_last_reply_is_judged(tmp_path: Path) -> None:
    judges: list[Lenient] = []

    def make(complete: Any) -> Lenient:
        judges.append(Lenient(complete))
        return judges[0]

    other = [*SAID, {"role": "user", "content": "So, may I?"}, {"role": "assistant", "content": "No."}]
    options = asked(tmp_path, line(), "", line(trial=1, messages=other))
    ran = run(options, [plan("Other", "turns", "altogether", request_turn=1, trials=2)], make)
    first, second = ran.results[0].trials
    assert [message.content for message in first.transcript.messages] == ["Hi, I am allergic.", "Noted."]
    assert (second.verdict.turn, second.outcome) == (3, "pass")
    assert [(brief.request, messages[-1]) for brief, messages in judges[0].judged] == [
        ("Hi, I am allergic.", Message("assistant", "Noted.")),
        ("So, may I?", Message("assistant", "No.")),
    ]
    assert ran.bench.calls().assistant.sent == 0
    assert ran.bench.calls().cost_usd == 0


def test_a_missing_conversation_is_an_error_of_its_trial(tmp_path: Path) -> None:
    ran = run(asked(tmp_path, line()), [plan("Hi", trials=2), plan("Hi", scenario="control")])
    assert [error.kind for error in ran.errors] == ["replay", "replay"]
    assert "use_case case, scenario alone, trial 1" in str(ran.errors)


def test_arms(tmp_path: Path) -> None:
    two = [line(arm="old"), line(arm="new", messages=[*SAID, *SAID])]
    assert len(run(asked(tmp_path, *two, name="new"), [plan("Hi", arm="new")]).replies) == 1
    ran = run(asked(tmp_path, *two, name="else"), [plan("Hi", arm="else")])
    assert "it holds new, old" in ran.errors[0].message
    # Of a single arm, the name does not matter.
    assert not run(asked(tmp_path, two[0], name="else"), [plan("Hi", arm="else")]).errors


def test_text_is_cleaned(tmp_path: Path) -> None:
    odd = [SAID[0], {"role": "assistant", "content": "a\ud800b\x00c"}]
    ran = run(asked(tmp_path, line(messages=odd)), [plan("Hi")])
    assert list(ran.replies.values()) == [["a\ufffdbc"]]


def test_the_file_is_found_after_a_change_of_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(tmp_path, line())
    monkeypatch.chdir(tmp_path)
    bench = Bench(EngineOptions((arm("replay:said.jsonl"),)), Lenient)
    monkeypatch.chdir("/")
    assert bench._replays["arm"].transcript(plan("Hi"), 0).reply == "Noted."
    bench._replays["arm"].close()


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("{", ":2: is not JSON"),
        ("[" * 100_000, ":2: is not JSON"),
        ("[]", ":2: is not a JSON object"),
        ({"scenario": "x", "messages": SAID}, ":2: use_case: is missing"),
        (line(use_case=7), ":2: use_case: must be text"),
        (line(scenario=""), ":2: scenario: must be text that is not empty"),
        (line(trial="1"), ":2: trial: must be a whole number from 0"),
        (line(trial=True), ":2: trial: must be"),
        (line(trial=-1), ":2: trial: must be"),
        (line(arm=3), ":2: arm: must be text"),
        (line(usecase="x"), ":2: usecase: is not a field"),
        (line(messages=[]), ":2: messages: must be a list"),
        (line(messages="hi"), ":2: messages: must be a list"),
        (line(messages=[{"role": "user"}]), ":2: messages[0]: must be"),
        (line(messages=[{"role": "bot", "content": "x"}]), ":2: messages[0].role: must be system, user or assistant"),
        (line(messages=[SAID[0], {"role": "assistant", "content": " "}]), ":2: messages[1].content: must be text"),
        (line(messages=SAID[:1]), ":2: messages[0].role: must be assistant"),
        (line(messages=SAID[1:]), ":2: messages: holds no message of the user"),
        (line(trial=7), ":2: repeats the use_case, scenario and trial of line 1"),
    ],
)
def test_a_bad_line(tmp_path: Path, bad: dict[str, Any] | str, words: str) -> None:
    with pytest.raises(OptionError) as caught:
        check_options(asked(tmp_path, line(trial=7), bad), live=False)
    assert str(caught.value).startswith("--pa-model: replay:")
    assert f"said.jsonl{words}" in str(caught.value)


def test_files_that_hold_nothing_or_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.jsonl").write_bytes(json.dumps(line()).replace("Noted", "N\u00f6").encode("latin-1"))
    for name, words in (
        ("nowhere.jsonl", "cannot be read: No such file"),
        ("", "names no file"),
        ("latin.jsonl", ":1: is not UTF-8"),
    ):
        with pytest.raises(OptionError, match=words):
            check_options(EngineOptions((arm(f"replay:{tmp_path / name if name else ''}"),)), live=False)
    with pytest.raises(OptionError, match="holds no conversation"):
        check_options(asked(tmp_path, ""), live=False)
