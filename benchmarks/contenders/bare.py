"""Bare aiohttp: what a script of thirty lines can do that does nothing but the calls."""

from __future__ import annotations

import asyncio

import aiohttp
import work


async def main() -> None:
    # Judges have slots of their own, as ours have.
    talking, judging = asyncio.Semaphore(work.CONCURRENCY), asyncio.Semaphore(work.CONCURRENCY)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(model: str, messages: list[dict[str, str]]) -> str:
            body = {"model": model, "messages": messages}
            async with session.post(work.URL + "/chat/completions", json=body) as response:
                return str((await response.json())["choices"][0]["message"]["content"])

        async def conversation(number: int) -> bool:
            messages: list[dict[str, str]] = []
            async with talking:
                for turn in work.turns(number):
                    messages.append({"role": "user", "content": turn})
                    messages.append({"role": "assistant", "content": await ask("x", messages)})
            async with judging:
                asked = [{"role": "user", "content": work.question(messages[-1]["content"])}]
                return "fine" in await ask("judge", asked)

        fine = await asyncio.gather(*(conversation(number) for number in range(work.CONVERSATIONS)))
    assert all(fine)


asyncio.run(main())
