"""A bare asyncio script around litellm.acompletion: what any other provider costs at least through litellm."""

from __future__ import annotations

import asyncio
import os

import work

os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_MODE="PRODUCTION")
import litellm


async def ask(model: str, messages: list[dict[str, str]]) -> str:
    reply = await litellm.acompletion(
        "hosted_vllm/" + model, messages, api_base=work.URL, api_key="sk-scripted", max_retries=0
    )
    return str(reply.choices[0].message.content)


async def main() -> None:
    talking, judging = asyncio.Semaphore(work.CONCURRENCY), asyncio.Semaphore(work.CONCURRENCY)

    async def conversation(number: int) -> bool:
        messages: list[dict[str, str]] = []
        async with talking:
            for turn in work.turns(number):
                messages.append({"role": "user", "content": turn})
                messages.append({"role": "assistant", "content": await ask("x", messages)})
        async with judging:
            return "fine" in await ask("judge", [{"role": "user", "content": work.question(messages[-1]["content"])}])

    assert all(await asyncio.gather(*(conversation(number) for number in range(work.CONVERSATIONS))))


asyncio.run(main())
