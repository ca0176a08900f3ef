"""``python:module:callable``: sync or async; whatever it does wrong is an error with the user's own line."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.options import EngineOptions, Limits
from pytest_personal_align.engine.check import check_options
from tests.engine.enginekit import Ran, arm, plan, run

BOT = """
import asyncio, threading, time
here = []

def reply(messages):
    assert all(set(one) == {"role", "content"} for one in messages)
    here.append(threading.current_thread().name)
    return " ".join(f"{one['role']}: {one['content']}" for one in messages)

async def areply(messages):
    here.append(threading.current_thread().name)
    await asyncio.sleep(0)
    return "async " + messages[-1]["content"]

class Bot:
    def __init__(self): self.name = "instance"
    async def __call__(self, messages): return self.name
    def method(self, messages): return "method"
    def later(self, messages): return self(messages)
bot = Bot()

def fails(messages):
    return messages["content"]

async def afails(messages):
    return fails(messages)

def leaves(messages):
    raise SystemExit(3)

def stops(messages):
    raise StopIteration

def nothing(messages): return None
def blank(messages): return "  "
def odd(messages): return "a\\x00b\\ud800c"
def hangs(messages): time.sleep(60)
async def ahangs(messages): await asyncio.sleep(60)
async def own_timeout(messages): raise asyncio.TimeoutError("mine")
def changes(messages):
    messages.append({"role": "user", "content": "injected"})
    messages[0]["content"] = "changed"
    return str(len(messages))
def two(messages, more): return "x"
"""


@pytest.fixture(autouse=True)
def _bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "thebot.py").write_text(BOT)
    (tmp_path / "brokenbot.py").write_text("import not_there_at_all\n")
    (tmp_path / "raisingbot.py").write_text("x = 1\nraise SystemExit('bye')\n")
    monkeypatch.syspath_prepend(tmp_path)


def talk(name: str, *turns: str, **limits: float) -> Ran:
    asked = EngineOptions((arm(f"python:thebot:{name}", system_prompt="Be kind."),), limits=Limits(**limits))  # type: ignore[arg-type]
    return run(asked, [plan(*(turns or ("Hi",)))])


def reply(name: str, *turns: str) -> str:
    (texts,) = talk(name, *turns).replies.values()
    return texts[0]


def test_it_gets_the_messages_and_gives_the_text() -> None:
    assert reply("reply", "Hi", "May I?") == (
        "system: Be kind. user: Hi assistant: system: Be kind. user: Hi user: May I?"
    )


def test_sync_runs_in_a_thread_of_its_own_and_async_in_the_loop() -> None:
    reply("reply")
    reply("areply")
    import thebot  # type: ignore[import-not-found]

    assert thebot.here[-2:] == ["personal-align-assistant", "personal-align"]


@pytest.mark.parametrize(("name", "text"), [("bot", "instance"), ("bot.method", "method"), ("bot.later", "instance")])
def test_instances_methods_and_awaitables(name: str, text: str) -> None:
    assert reply(name) == text


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("fails", "assistant", "TypeError: list indices must be integers"),
        ("afails", "assistant", "TypeError: list indices must be integers"),
        ("leaves", "assistant", "SystemExit: 3"),
        ("stops", "assistant", "StopIteration"),
        ("nothing", "assistant", "returned NoneType, not text"),
        ("blank", "empty", "empty text"),
        ("own_timeout", "assistant", "mine"),
    ],
)
def test_what_goes_wrong(name: str, kind: str, words: str) -> None:
    (error,) = talk(name).errors
    assert error.kind == kind
    assert words in error.message


@pytest.mark.parametrize("name", ["fails", "afails"])
def test_the_line_is_the_users(name: str) -> None:
    (error,) = talk(name).errors
    line = 1 + BOT.split("\n").index('    return messages["content"]')
    assert f"thebot.py:{line})" in error.message


@pytest.mark.parametrize("name", ["hangs", "ahangs"])
def test_a_call_that_hangs_ends_at_its_deadline(name: str) -> None:
    (error,) = talk(name, timeout=0.1).errors
    assert (error.kind, error.message) == ("timeout", f"python:thebot:{name} did not answer within 0.1 s")
    assert all(thread.daemon for thread in threading.enumerate() if thread.name.startswith("personal-align"))


def test_text_is_cleaned() -> None:
    assert reply("odd") == "ab\ufffdc"


def test_it_cannot_change_the_conversation() -> None:
    result = talk("changes", "Hi", "May I?").results[0].trials[0].transcript
    assert [message.content for message in result.messages] == ["Be kind.", "Hi", "3", "May I?", "5"]


def test_keys_in_its_errors_are_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SERVICE_API_KEY", "Hi-is-my-secret")
    (error,) = talk("fails").errors
    assert "secret" not in error.message


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("python:thebot:no_such", "thebot has no 'no_such'"),
        ("python:thebot:here", "here is not callable but of type list"),
        ("python:thebot:two", "cannot be called with the list of messages alone"),
        ("python:no_such_bot:reply", "there is no module 'no_such_bot'"),
        ("python:brokenbot:reply", "ModuleNotFoundError: No module named 'not_there_at_all' ("),
        ("python:raisingbot:reply", "SystemExit: bye ("),
        ("python:thebot", "is not python:module:callable"),
        ("python:the-bot:reply", "is not python:module:callable"),
        ("python:", "is not python:module:callable"),
    ],
)
def test_a_bad_name_is_found_before_any_call(model: str, words: str) -> None:
    with pytest.raises(OptionError) as caught:
        check_options(EngineOptions((arm(model),)), live=False)
    assert str(caught.value).startswith("--pa-model: ")
    assert words in str(caught.value)
