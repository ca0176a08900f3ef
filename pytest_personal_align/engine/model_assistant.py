"""A model as the assistant under test."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_personal_align.core.options import Arm
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.result import Message, Reply
from pytest_personal_align.engine.assistant import Call
from pytest_personal_align.engine.client import Client
from pytest_personal_align.engine.route import Route


class ModelAssistant:
    """Asks the model of an arm with the arm's parameters."""

    def __init__(self, arm: Arm, route: Route, client: Client, share: bool) -> None:
        self._arm = arm
        self._route = route
        self._client = client
        self._share = share

    async def __call__(self, messages: Sequence[Message], call: Call) -> Reply:
        where = place(call.plan, call.trial, self._share, self._arm.remedy)
        return await self._client.ask("assistant", self._route, messages, self._arm.params, place=where)


def place(plan: Plan, trial: int, share: bool, remedy: str) -> list[str | int]:
    """What tells a call apart from others with the same messages."""
    apart = [] if share else [plan.brief.use_case, plan.brief.scenario]  # or they would meet in the cache
    return ["trial", trial, *apart, *([] if remedy == "none" else ["remedy", remedy])]
