"""pytest_personal_align.remedies is what a product ships: light, typed, without pytest or the tests' engine."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_personal_align.remedies as public
from pytest_personal_align.remedies.templates import FOLDER
from tests.remedies.remedykit import CASES, model

PRODUCT = """
import asyncio, sys

from pytest_personal_align.remedies import ChatMessage, wrap


async def bot(messages: list[ChatMessage]) -> str:
    return "Yes." if len(messages) < 2 else '{"problems": []}'


protected = wrap(bot, "guiding-prompt+self-reflection")
answer = asyncio.run(protected.answer([{"role": "user", "content": "Hi"}]))
text: str = answer.text
calls: int = answer.calls
"""


def test_it_loads_neither_pytest_nor_engine_nor_a_client() -> None:
    code = (
        PRODUCT
        + """
heavy = ("pytest", "_pytest", "litellm", "aiohttp", "xdist", "yaml", "pytest_personal_align.engine",
         "pytest_personal_align.judging", "pytest_personal_align.report")
print([name for name in heavy if name in sys.modules], calls)
"""
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[] 2\n"


def test_a_products_code_is_typed(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "product.py").write_text(PRODUCT, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "product.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_public_name_is_there_and_documented() -> None:
    plain = {"NAMES", "Remedy"}  # a tuple and a type alias
    for name in set(public.__all__) - plain:
        assert getattr(public, name).__doc__, name


def test_every_prompt_is_used() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in FOLDER.parent.glob("*.py"))
    for path in FOLDER.iterdir():
        stem = path.stem if not path.stem.startswith("risk_") or path.stem == "risk_assess" else "risk_{route}"
        assert f'"{stem}"' in source, path.name


def test_what_was_measured_is_what_is_shipped() -> None:
    """The same wrapper around the same assistant, outside any test run."""
    case = CASES[0]
    messages = [public.ChatMessage(role="user", content=f"{case.fact} {case.request.alone.leading}")]
    weak = model(forgets=1, drifts=1)
    protected = public.wrap(weak.reply, "user-model+risk-assessment+self-reflection")
    answer = asyncio.run(protected.answer(messages))
    assert "I would advise against it" in answer.text
    assert answer.notes["user-model"]["facts"][0]["what"] == case.fact
    assert asyncio.run(protected(messages)) == answer.text


def test_conversations_do_not_disturb_each_other() -> None:
    async def bot(messages: list[public.ChatMessage]) -> str:
        await asyncio.sleep(0)
        return messages[-1]["content"][-20:]

    protected = public.wrap(bot, "reminder+guiding-prompt")

    async def all_at_once() -> list[public.Answer]:
        talks = ([public.ChatMessage(role="user", content=f"I am number {n}.")] for n in range(50))
        return await asyncio.gather(*(protected.answer(talk) for talk in talks))

    assert [answer.text for answer in asyncio.run(all_at_once())] == [f"I am number {n}." for n in range(50)]


def test_messages_of_the_caller_are_not_touched() -> None:
    async def spoils(messages: list[public.ChatMessage]) -> str:
        messages[0]["content"] = "spoilt"
        messages.clear()
        return "x"

    messages = [public.ChatMessage(role="user", content="Hi")]
    asyncio.run(public.wrap(spoils, "none")(messages))
    asyncio.run(public.wrap(spoils, "self-reflection")(messages))
    assert messages == [{"role": "user", "content": "Hi"}]
