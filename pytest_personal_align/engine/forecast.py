"""How many calls a run will make: exact, before the first one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pytest_personal_align.core.options import Arm, EngineOptions
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.result import Message
from pytest_personal_align.engine.clean import estimated_tokens
from pytest_personal_align.engine.conversation import opening
from pytest_personal_align.engine.journal import Journal, key
from pytest_personal_align.engine.model_assistant import place
from pytest_personal_align.engine.prices import model_info
from pytest_personal_align.engine.route import Route, resolve
from pytest_personal_align.engine.sharing import Path, paths
from pytest_personal_align.remedies import least_calls

LIKELY_REPLY = 150
"""Tokens of a reply, where nothing is known of it."""
LIKELY_QUESTION = 500
"""Tokens of what a remedy asks about a conversation, beside the conversation."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Assistant calls of a run: ``turns`` would be needed without sharing and cache, ``shared`` and ``cached`` are
    spared, ``sent`` is what is left, with the ``questions`` that remedies ask beside the replies.

    ``conversations`` will be judged. ``prompt_tokens``, ``completion_tokens`` and ``cost_usd`` are estimates for what
    is sent (judges left out); ``cost_usd`` is None where a price is unknown. All are lower bounds where not ``exact``:
    a remedy revises and repairs as often as it finds necessary.
    """

    conversations: int
    turns: int
    shared: int
    cached: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    exact: bool = True
    questions: int = 0

    @property
    def sent(self) -> int:
        return self.turns - self.shared - self.cached + self.questions


def expected_calls(
    plans: Iterable[Plan], options: EngineOptions, custom: Callable[[str], object | None] | None = None
) -> Forecast:
    """What a run of ``plans`` will send. Looks into the cache, and changes nothing there."""
    arms = {arm.name: arm for arm in options.arms}
    routes = {
        arm.name: None if custom is not None and custom(arm.model) is not None else resolve(arm.model, arm.api_base)
        for arm in options.arms
    }
    count = _Count(options)
    with count:
        for plan in plans:
            for trial in range(plan.trials):
                count.add(plan, trial, arms[plan.arm], routes[plan.arm])
    return count.forecast()


class _Count:
    def __init__(self, options: EngineOptions) -> None:
        reuse = options.reuse
        self._share = reuse.share
        looks = reuse.mode in ("use", "replay") and reuse.cache_dir is not None
        self._journal = Journal(reuse.cache_dir or "", "replay", lambda message: None) if looks else None
        self._seen: set[Path] = set()
        self._conversations = self._turns = self._shared = self._cached = 0
        self._prompt = self._completion = self._questions = 0
        self._cost: float | None = 0.0
        self._exact = True

    def __enter__(self) -> _Count:
        if self._journal is not None:
            self._journal.open_to_read()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._journal is not None:
            self._journal.close_reader()

    def add(self, plan: Plan, trial: int, arm: Arm, route: Route | None) -> None:
        self._conversations += 1
        if route is not None and route.way == "replay":
            return
        self._turns += len(plan.turns)
        if route is None or route.way == "demo":
            return
        start = opening(plan, arm.system_prompt)
        said = estimated_tokens(message.content for message in start)
        self._exact = self._exact and arm.remedy == "none"
        messages: list[Message] | None = start if arm.remedy == "none" else None
        for path, text in zip(paths(plan, trial), plan.turns, strict=True):
            said += estimated_tokens([text])
            reply = None
            if messages is not None and route.calls_a_model:
                messages.append(Message("user", text))
                reply = self._kept(plan, trial, arm, route, messages)
            messages = [*messages, Message("assistant", reply)] if messages is not None and reply is not None else None
            if self._share and path in self._seen:
                self._shared += 1
            elif reply is not None:
                self._cached += 1
            else:
                self._send(route, said)
                for _ in range(least_calls(arm.remedy) - 1):
                    self._questions += 1
                    self._send(route, said + LIKELY_QUESTION)
            self._seen.add(path)
            said += estimated_tokens([reply]) if reply is not None else LIKELY_REPLY

    def _kept(self, plan: Plan, trial: int, arm: Arm, route: Route, messages: Sequence[Message]) -> str | None:
        if self._journal is None:
            return None
        reply = self._journal.get(key(route, arm.params, messages, place(plan, trial, self._share, arm.remedy)))
        return reply.text if reply is not None else None

    def _send(self, route: Route, prompt: int) -> None:
        self._prompt += prompt
        self._completion += LIKELY_REPLY
        info = model_info(route.name) if route.calls_a_model else None
        cost = info.cost(prompt, LIKELY_REPLY) if info is not None else None
        self._cost = None if cost is None or self._cost is None else self._cost + cost

    def forecast(self) -> Forecast:
        return Forecast(
            self._conversations,
            self._turns,
            self._shared,
            self._cached,
            self._prompt,
            self._completion,
            None if self._cost is None else round(self._cost, 4),
            self._exact,
            self._questions,
        )
