"""inspect_ai: one sample a conversation. Solver and scorer make the calls through its own model class, no more."""

from __future__ import annotations

import work
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageUser, GenerateConfig, get_model
from inspect_ai.scorer import Score, accuracy, scorer
from inspect_ai.solver import solver


@solver
def talk():
    async def solve(state, generate):
        # The first turn is the sample's input, as it is usual there.
        for turn in work.turns(state.metadata["number"])[1:]:
            state = await generate(state)
            state.messages.append(ChatMessageUser(content=turn))
        return await generate(state)

    return solve


@scorer(metrics=[accuracy()])
def fine():
    # A model of its own name, and so with connections of its own: judges have slots of their own, as ours have.
    config = GenerateConfig(max_connections=work.CONCURRENCY)
    judge = get_model("openai/judge", base_url=work.URL, api_key="sk-scripted", config=config, responses_api=False)

    async def score(state, target):
        reply = await judge.generate(work.question(state.output.completion))
        return Score(value="C" if "fine" in reply.completion else "I")

    return score


@task
def conversations():
    samples = [Sample(input=work.turns(n)[0], metadata={"number": n}) for n in range(work.CONVERSATIONS)]
    return Task(dataset=samples, solver=talk(), scorer=fine())
